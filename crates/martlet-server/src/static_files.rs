//! Static files from `public/`: conditions, ranges, types; nothing outside the folder, nothing hidden.

mod coded;
mod conditions;
mod fingerprint;
mod media_type;
mod path;
mod range;
mod stream;

use crate::coding::Coding;
use crate::dev;
use crate::entity_tag::Verdict;
use crate::failure::{Failure, Surface};
use crate::front::Shared;
use crate::headers;
use crate::refusal;
use crate::settings::{CONTENT_SECURITY_POLICY, ServerSettings};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use coded::{Coded, KeptFiles};
pub(crate) use conditions::http_date;
use conditions::{Tags, judge, range_counts};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use martlet_core::Error;
use path::Found;
use range::{Ranges, parse_ranges};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use stream::{FileStream, Part};

const METHODS: &str = "GET, HEAD, OPTIONS";
/// A page with more bytes than this gets no script of `dev`.
const DEV_PAGE_SIZE_MAX: u64 = 4 * 1024 * 1024;

/// The folder that is served at `/`.
#[derive(Debug)]
pub(crate) struct PublicFolder {
    folder: PathBuf,
    /// Canonical: what lies behind a symbolic link is compared with it. Found when the folder is there first.
    root: OnceLock<PathBuf>,
    policy: HeaderValue,
    kept: KeptFiles,
    is_dev: bool,
}

impl PublicFolder {
    /// The folder may be made later.
    pub(crate) fn new(folder: &Path, settings: &ServerSettings) -> Self {
        let policy = settings.content_security_policy.as_deref().unwrap_or(CONTENT_SECURITY_POLICY);
        let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
        Self {
            folder: folder.to_owned(),
            root: OnceLock::new(),
            policy,
            kept: KeptFiles::new(),
            is_dev: settings.is_dev,
        }
    }

    fn root(&self) -> Option<&Path> {
        if let Some(root) = self.root.get() {
            return Some(root);
        }
        let root = self.folder.canonicalize().ok().filter(|root| root.is_dir())?;
        Some(self.root.get_or_init(|| root))
    }
}

/// Everything that no other route takes.
pub(crate) async fn get_file(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answered = tokio::task::spawn_blocking(move || {
        let public = shared.public.as_ref().ok_or_else(not_found)?;
        answer(public, &parts.method, parts.uri.path(), &parts.headers)
    });
    match answered.await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => to_response(failure),
        Err(panic) => {
            tracing::error!(%panic, "serving a static file panicked");
            to_response(Error::internal("panic").into())
        }
    }
}

/// An error of the router's.
pub(crate) fn to_response(failure: Failure) -> Response {
    failure.into_response(Surface::Other).map(|body| Body::from(body.into_bytes()))
}

fn not_found() -> Failure {
    refusal::file_unknown().into()
}

/// Blocks: for a thread that may.
fn answer(public: &PublicFolder, method: &Method, url_path: &str, fields: &HeaderMap) -> Result<Response, Failure> {
    let found = path::find(public.root().ok_or_else(not_found)?, url_path)?.ok_or_else(not_found)?;
    let (path, mut file, metadata) = match found {
        Found::File(path, file, metadata) => (path, file, metadata),
        Found::Folder(location) => return Ok(redirect(location)),
    };
    match *method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return Ok(options()),
        _ => return Err(Failure::with_allow(refusal::method(method.as_str()), METHODS)),
    }
    let media_type = media_type::of(&path);
    let is_dev_page = public.is_dev && media_type == media_type::HTML && metadata.len() <= DEV_PAGE_SIZE_MAX;
    let tags = Tags::of(&metadata, is_dev_page);
    let caching = Caching {
        // By the name that was asked for: a link's own name may stay when its target changes.
        is_immutable: !public.is_dev && media_type != media_type::HTML && fingerprint::is_in(Path::new(url_path)),
        varies: !is_dev_page && media_type::is_compressible(media_type),
    };
    match judge(fields, &tags)? {
        Some(Verdict::Failed) => return Err(refusal::precondition().into()),
        Some(Verdict::Unchanged(coding)) => {
            let response = typed(Body::empty(), "", StatusCode::NOT_MODIFIED);
            return Ok(with_fields(response, tags.etag(coding), &tags, caching, public));
        }
        None => {}
    }
    let range = fields.get(header::RANGE).filter(|_| *method == Method::GET && range_counts(fields, &tags));
    if caching.varies
        && range.is_none()
        && let Some(Coded { coding, body }) = coded::find(&public.kept, &path, &mut file, &metadata, fields)?
    {
        let mut response = typed(body, media_type, StatusCode::OK);
        if let Some(coding) = coding.header() {
            response.headers_mut().insert(header::CONTENT_ENCODING, coding);
        }
        return Ok(with_fields(response, tags.etag(coding), &tags, caching, public));
    }
    let (body, size) = if is_dev_page {
        let mut page = Vec::new();
        (&mut file).take(DEV_PAGE_SIZE_MAX).read_to_end(&mut page).map_err(|error| unreadable(&error))?;
        let page = dev::with_script(&page);
        (Source::Page(page.clone()), page.len() as u64)
    } else {
        (Source::File(file), metadata.len())
    };
    let ranges = range.map_or(Ranges::Whole, |range| parse_ranges(range.as_bytes(), size));
    let mut response = match ranges {
        Ranges::Whole => typed(body.whole(size), media_type, StatusCode::OK),
        Ranges::One(start, end) => {
            let body = body.parts(vec![Part::Range(start, end)]);
            let mut response = typed(body, media_type, StatusCode::PARTIAL_CONTENT);
            response.headers_mut().insert(header::CONTENT_RANGE, text(format!("bytes {start}-{}/{size}", end - 1)));
            response
        }
        Ranges::Several(ranges) => match range::multipart(&ranges, size, media_type) {
            Some((parts, boundary)) => {
                let media_type = format!("multipart/byteranges; boundary={boundary}");
                let mut response = typed(body.parts(parts), "", StatusCode::PARTIAL_CONTENT);
                response.headers_mut().insert(header::CONTENT_TYPE, text(media_type));
                response
            }
            None => typed(body.whole(size), media_type, StatusCode::OK),
        },
        Ranges::Unsatisfiable => {
            let mut response = to_response(refusal::range().into());
            response.headers_mut().insert(header::CONTENT_RANGE, text(format!("bytes */{size}")));
            return Ok(response);
        }
    };
    response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(with_fields(response, tags.etag(Coding::Identity), &tags, caching, public))
}

/// How long an answer is good for, and for whom.
#[derive(Debug, Clone, Copy)]
struct Caching {
    /// The name changes with the content.
    is_immutable: bool,
    /// There are other codings of it.
    varies: bool,
}

/// Where the bytes come from.
enum Source {
    Page(Bytes),
    File(std::fs::File),
}

impl Source {
    fn whole(self, size: u64) -> Body {
        match self {
            Source::Page(page) => Body::from(page),
            file @ Source::File(_) => file.parts(vec![Part::Range(0, size)]),
        }
    }

    fn parts(self, parts: Vec<Part>) -> Body {
        match self {
            Source::File(file) => Body::new(FileStream::new(file, parts)),
            Source::Page(page) => Body::from(stream::cut(&page, &parts)),
        }
    }
}

fn typed(body: Body, media_type: &'static str, status: StatusCode) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if !media_type.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    response
}

fn with_fields(
    mut response: Response,
    etag: HeaderValue,
    tags: &Tags,
    caching: Caching,
    public: &PublicFolder,
) -> Response {
    let fields = response.headers_mut();
    fields.insert(header::ETAG, etag);
    if let Some(modified) = &tags.last_modified {
        fields.insert(header::LAST_MODIFIED, modified.clone());
    }
    // Pages and scripts of one name are asked for again each time, and answered by 304: never a new page with old ones.
    let cache = if caching.is_immutable { headers::IMMUTABLE } else { headers::NO_CACHE };
    fields.insert(header::CACHE_CONTROL, cache);
    if caching.varies {
        fields.insert(header::VARY, headers::VARY_CODING);
    }
    fields.insert(header::CONTENT_SECURITY_POLICY, public.policy.clone());
    fields.insert(headers::OPENER_POLICY, headers::SAME_ORIGIN);
    response
}

fn redirect(location: String) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, text(location));
    response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_CACHE);
    response
}

fn options() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
    response
}

fn text(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("made of visible characters")
}

fn unreadable(error: &std::io::Error) -> Failure {
    Error::internal(format!("cannot read a static file: {error}")).into()
}

#[cfg(test)]
mod tests;
