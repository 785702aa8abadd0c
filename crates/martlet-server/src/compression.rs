//! Compression, off the async workers where it takes long.
//!
//! Measured on JSON of the hotel's kind: zstd 3 makes 250 MB/s, gzip 5 about 120, brotli 4 about 50; a new zstd context
//! costs several times a small answer, so each worker keeps one.

use crate::coding::Coding;
use bytes::Bytes;
use flate2::write::GzEncoder;
use martlet_core::Error;
use std::cell::RefCell;
use std::io::Write as _;
use tokio::sync::Semaphore;
use zstd_safe::CCtx;

const ZSTD_LEVEL: i32 = 3;
const BROTLI_LEVEL: i32 = 4;
const GZIP_LEVEL: u32 = 5;
/// Brotli's window, as a power of two: larger ones cost more to set up than they save at this level.
const BROTLI_WINDOW_BITS: i32 = 20;

/// Runs what takes long on threads that may block, as many at once as there are processors.
#[derive(Debug)]
pub(crate) struct Compressor {
    slots: Semaphore,
}

impl Compressor {
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { slots: Semaphore::new(processors) }
    }

    /// The body in this coding.
    pub(crate) async fn compress(&self, coding: Coding, body: &Bytes) -> Result<Bytes, Error> {
        if body.len() <= size_inline_max(coding) {
            return compress(coding, body);
        }
        let body = body.clone();
        Box::pin(self.run(move || compress(coding, &body))).await?
    }

    /// Runs work of more than half a millisecond. Dropped while it waits: never started.
    pub(crate) async fn run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R, Error> {
        let _slot = self.slots.acquire().await.map_err(|_| Error::internal("the compressor has ended"))?;
        tokio::task::spawn_blocking(work).await.map_err(|panic| Error::internal(format!("in compression: {panic}")))
    }
}

/// Bytes that take less than half a millisecond.
const fn size_inline_max(coding: Coding) -> usize {
    match coding {
        Coding::Identity => usize::MAX,
        Coding::Zstd => 96 * 1024,
        Coding::Gzip => 48 * 1024,
        Coding::Brotli => 16 * 1024,
    }
}

/// Compresses here and now.
pub(crate) fn compress(coding: Coding, body: &Bytes) -> Result<Bytes, Error> {
    let compressed = match coding {
        Coding::Identity => return Ok(body.clone()),
        Coding::Zstd => zstd(body),
        Coding::Brotli => brotli(body).map_err(|error| error.to_string()),
        Coding::Gzip => gzip(body).map_err(|error| error.to_string()),
    };
    compressed.map(Bytes::from).map_err(|error| Error::internal(format!("cannot compress an answer: {error}")))
}

fn zstd(body: &[u8]) -> Result<Vec<u8>, String> {
    thread_local! {
        static CONTEXT: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
    }
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(body.len()));
    let is_small = body.len() <= size_inline_max(Coding::Zstd);
    let compressed = if is_small {
        CONTEXT.with_borrow_mut(|context| context.compress(&mut out, body, ZSTD_LEVEL))
    } else {
        // Its tables are too large to be kept by every thread that once blocks.
        CCtx::create().compress(&mut out, body, ZSTD_LEVEL)
    };
    compressed.map_err(|code| zstd_safe::get_error_name(code).to_owned())?;
    Ok(shortened(out))
}

fn brotli(mut body: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_LEVEL,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: body.len(),
        ..Default::default()
    };
    let mut out = Vec::with_capacity(body.len() / 4);
    brotli::BrotliCompress(&mut body, &mut out, &parameters)?;
    Ok(out)
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(body)?;
    encoder.finish()
}

/// Gives back what the worst case would have needed.
fn shortened(mut out: Vec<u8>) -> Vec<u8> {
    out.shrink_to_fit();
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Read as _;

    pub(crate) fn decompressed(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            Coding::Identity => out.extend_from_slice(bytes),
            Coding::Zstd => {
                out.reserve(16 * 1024 * 1024);
                zstd_safe::decompress(&mut out, bytes).unwrap();
            }
            Coding::Brotli => {
                brotli::BrotliDecompress(&mut &bytes[..], &mut out).unwrap();
            }
            Coding::Gzip => {
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
            }
        }
        out
    }

    #[tokio::test]
    async fn every_coding_gives_back_what_went_in() {
        let compressor = Compressor::new();
        for size in [0, 1, 1024, 20_000, 200_000] {
            let body: Bytes =
                (0..size).flat_map(|n: u32| n.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect();
            for coding in Coding::COMPRESSING {
                let compressed = compressor.compress(coding, &body).await.unwrap();
                assert_eq!(decompressed(coding, &compressed), body, "{coding:?} of {size}");
            }
        }
    }
}
