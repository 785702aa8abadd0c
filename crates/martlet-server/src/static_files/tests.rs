use super::*;
use http_body_util::BodyExt as _;

struct Site {
    _folder: tempfile::TempDir,
    public: PublicFolder,
}

fn site(settings: &ServerSettings) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("public");
    let write = |path: &str, text: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("secret.txt", b"secret");
    write("public/index.html", b"<body>home</body>");
    write("public/app.js", b"0123456789");
    write("public/docs/index.html", b"docs");
    write("public/with space.txt", b"space");
    write("public/.env", b"secret");
    write("public/.git/config", b"secret");
    write("public/large.bin", &(0..300_000_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<_>>());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", root.join("out.txt")).unwrap();
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        std::os::unix::fs::symlink("app.js", root.join("in.js")).unwrap();
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    }
    let public = PublicFolder::new(&root, settings);
    Site { _folder: folder, public }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

fn get(site: &Site, path: &str, fields: &[(&'static str, &str)]) -> Response {
    answer(&site.public, &Method::GET, path, &headers(fields)).unwrap_or_else(to_response)
}

async fn body(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn files_have_types_tags_and_a_policy() {
    let site = site(&ServerSettings::default());
    let home = get(&site, "/", &[]);
    assert_eq!(home.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(home.headers()["content-security-policy"], CONTENT_SECURITY_POLICY);
    assert_eq!(home.headers()["cache-control"], "no-cache");
    let etag = home.headers()["etag"].to_str().unwrap().to_owned();
    let modified = home.headers()["last-modified"].to_str().unwrap().to_owned();
    assert_eq!(body(home).await, b"<body>home</body>");
    for field in [("if-none-match", etag.as_str()), ("if-none-match", "*"), ("if-modified-since", &modified)] {
        let unchanged = get(&site, "/index.html", &[field]);
        assert_eq!(unchanged.status(), 304, "{field:?}");
        assert_eq!(unchanged.headers()["etag"], etag);
        assert!(body(unchanged).await.is_empty());
    }
    let weak = format!("\"other\", W/{etag}");
    assert_eq!(get(&site, "/", &[("if-none-match", &weak)]).status(), 304);
    assert_eq!(get(&site, "/", &[("if-none-match", "\"other\""), ("if-modified-since", &modified)]).status(), 200);
    assert_eq!(body(get(&site, "/with%20space.txt", &[])).await, b"space");
    assert_eq!(body(get(&site, "/in.js", &[])).await, b"0123456789");
    assert_eq!(body(get(&site, "/docs/", &[])).await, b"docs");
    assert_eq!(get(&site, "/docs", &[]).headers()["location"], "./docs/");
}

#[tokio::test]
async fn ranges_are_cut_out() {
    let site = site(&ServerSettings::default());
    let part = get(&site, "/app.js", &[("range", "bytes=2-4")]);
    assert_eq!((part.status().as_u16(), &part.headers()["content-range"]), (206, &text("bytes 2-4/10".to_owned())));
    assert_eq!(body(part).await, b"234");
    let few = get(&site, "/app.js", &[("range", "bytes=0-0,-2")]);
    assert_eq!(
        (few.status(), body(few).await),
        (StatusCode::OK, b"0123456789".to_vec()),
        "less to send than the parts"
    );
    let parts = get(&site, "/large.bin", &[("range", "bytes=48-48,-2")]);
    let media_type = parts.headers()["content-type"].to_str().unwrap().to_owned();
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let one = |range: &str| {
        let head = "Content-Type: application/octet-stream\r\nContent-Range: bytes";
        format!("\r\n--{boundary}\r\n{head} {range}/300000\r\n\r\n")
    };
    let (first, second) = (one("48-48"), one("299998-299999"));
    let expected =
        [first.as_bytes(), b"0", second.as_bytes(), &[0xde, 0xdf], b"\r\n--", boundary.as_bytes(), b"--\r\n"];
    assert_eq!(body(parts).await, expected.concat());
    let outside = get(&site, "/app.js", &[("range", "bytes=10-")]);
    assert_eq!((outside.status().as_u16(), &outside.headers()["content-range"]), (416, &text("bytes */10".to_owned())));
    let changed = get(&site, "/app.js", &[("range", "bytes=2-4"), ("if-range", "\"old\"")]);
    assert_eq!(changed.status(), 200);
    let large = get(&site, "/large.bin", &[("range", "bytes=1-250000")]);
    let large = body(large).await;
    assert_eq!((large.len(), large[0], large[249_999]), (250_000, 1, 144));
    assert_eq!(body(get(&site, "/large.bin", &[])).await.len(), 300_000);
}

#[tokio::test]
async fn abuse_http_10_nothing_outside_the_root() {
    let site = site(&ServerSettings::default());
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e%252fsecret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/docs/../../secret.txt",
        "/docs/%2e%2e/%2e%2e/secret.txt",
        "/./app.js",
        "//app.js",
        "///etc/passwd",
        "//evil.example/..",
        "/c:/windows",
        "/app.js;.html",
        "/app.js%00.html",
        "/%00",
        "/app.js/",
        "/app.js/x",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/out.txt",
        "/up/secret.txt",
        "/up",
        "/loop",
        "/missing",
        "relative",
        "*",
        "",
    ] {
        let answer = get(&site, path, &[]);
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.headers().contains_key("location"), "{path}");
    }
    for path in ["/%c0%ae%c0%ae/secret.txt", "/%ff", "/%", "/%zz"] {
        assert_eq!(get(&site, path, &[]).status(), 400, "{path}");
    }
    let long = format!("/{}", "a".repeat(8000));
    assert_eq!(get(&site, &long, &[]).status(), 404);
}

#[tokio::test]
async fn only_reading_methods() {
    let site = site(&ServerSettings::default());
    let status = |method: Method, path: &str| {
        let answered = answer(&site.public, &method, path, &HeaderMap::new()).unwrap_or_else(to_response);
        (answered.status().as_u16(), answered.headers().contains_key(header::ALLOW))
    };
    assert_eq!(status(Method::POST, "/app.js"), (405, true));
    assert_eq!(status(Method::OPTIONS, "/app.js"), (204, true));
    assert_eq!(status(Method::POST, "/missing"), (404, false));
}

#[tokio::test]
async fn dev_adds_its_script_to_pages_only() {
    let site = site(&ServerSettings { is_dev: true, ..ServerSettings::default() });
    let home = String::from_utf8(body(get(&site, "/", &[])).await).unwrap();
    assert!(home.contains("/_dev/reload.js") && home.ends_with("</body>"), "{home}");
    assert_eq!(body(get(&site, "/app.js", &[])).await, b"0123456789");
    assert_eq!(body(get(&site, "/", &[("range", "bytes=0-5")])).await, b"<body>");
}

#[tokio::test]
async fn the_folder_may_be_made_later() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("public");
    let site = Site { public: PublicFolder::new(&root, &ServerSettings::default()), _folder: folder };
    assert_eq!(get(&site, "/", &[]).status(), 404);
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("index.html"), "late").unwrap();
    assert_eq!(body(get(&site, "/", &[])).await, b"late");
}

fn write(site: &Site, name: &str, bytes: &[u8]) {
    std::fs::write(site._folder.path().join("public").join(name), bytes).unwrap();
}

fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn text_is_compressed_once_and_kept() {
    let site = site(&ServerSettings::default());
    let text = "let answer = 42;\n".repeat(1000);
    write(&site, "long.js", text.as_bytes());
    let plain = get(&site, "/long.js", &[]);
    assert_eq!((field(&plain, "content-encoding"), field(&plain, "vary")), ("", "Accept-Encoding"));
    for (accepted, coding) in [("gzip, br, zstd", Coding::Zstd), ("br", Coding::Brotli), ("gzip", Coding::Gzip)] {
        for _ in 0..2 {
            let coded = get(&site, "/long.js", &[("accept-encoding", accepted)]);
            assert_eq!((field(&coded, "content-encoding"), coded.status()), (coding.name(), StatusCode::OK));
            assert_eq!(field(&coded, "content-type"), "text/javascript; charset=utf-8");
            let etag = field(&coded, "etag").to_owned();
            assert_eq!(etag, format!("{}-{}\"", field(&plain, "etag").trim_end_matches('"'), coding.name()));
            let bytes = body(coded).await;
            assert_eq!(crate::compression::tests::decompressed(coding, &bytes), text.as_bytes());
            let unchanged = get(&site, "/long.js", &[("if-none-match", &etag)]);
            assert_eq!((unchanged.status(), field(&unchanged, "etag")), (StatusCode::NOT_MODIFIED, etag.as_str()));
            assert_eq!(field(&unchanged, "vary"), "Accept-Encoding");
        }
    }
    assert_eq!(site.public.kept.count(), 3);
    let range = get(&site, "/long.js", &[("accept-encoding", "gzip"), ("range", "bytes=0-2")]);
    assert_eq!((range.status(), field(&range, "content-encoding")), (StatusCode::PARTIAL_CONTENT, ""));
    assert_eq!(body(range).await, b"let");
    for (path, vary) in [("/large.bin", ""), ("/app.js", "Accept-Encoding")] {
        let whole = get(&site, path, &[("accept-encoding", "gzip")]);
        assert_eq!((field(&whole, "content-encoding"), field(&whole, "vary")), ("", vary), "{path}: media, small");
    }
    assert_eq!(get(&site, "/long.js", &[("accept-encoding", "*;q=0")]).status(), 406);
    assert_eq!(get(&site, "/long.js", &[("if-match", "\"x\"")]).status(), 412);
}

#[tokio::test]
async fn a_file_compressed_beforehand_comes_first_unless_it_is_old() {
    let site = site(&ServerSettings::default());
    let public = site._folder.path().join("public");
    write(&site, "app.js.br", b"the author's");
    let browser = ("accept-encoding", "gzip, deflate, br, zstd");
    let coded = get(&site, "/app.js", &[browser]);
    assert_eq!((field(&coded, "content-encoding"), field(&coded, "content-length")), ("br", ""));
    assert_eq!(body(coded).await, b"the author's");
    assert_eq!(field(&get(&site, "/app.js", &[("accept-encoding", "gzip")]), "content-encoding"), "");
    let old = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().write(true).open(public.join("app.js.br")).unwrap().set_modified(old).unwrap();
    assert_eq!(field(&get(&site, "/app.js", &[browser]), "content-encoding"), "", "of a version before");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", public.join("app.js.gz")).unwrap();
        assert_eq!(body(get(&site, "/app.js", &[("accept-encoding", "gzip")])).await, b"0123456789");
    }
}

#[test]
fn only_what_has_a_hash_in_its_name_is_kept_for_long() {
    let names = ["app.3f2a1b9c.js", "page.3f2a1b9c.html"];
    for (is_dev, cache) in [(false, "public, max-age=31536000, immutable"), (true, "no-cache")] {
        let site = site(&ServerSettings { is_dev, ..ServerSettings::default() });
        names.iter().for_each(|name| write(&site, name, b"x"));
        assert_eq!(field(&get(&site, "/app.3f2a1b9c.js", &[]), "cache-control"), cache);
        assert_eq!(field(&get(&site, "/page.3f2a1b9c.html", &[]), "cache-control"), "no-cache");
        assert_eq!(field(&get(&site, "/app.js", &[]), "cache-control"), "no-cache");
    }
}
