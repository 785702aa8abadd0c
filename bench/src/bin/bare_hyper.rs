//! `bare_hyper ADDRESS FILE`: answers every request with the bytes of FILE as JSON. What HTTP alone costs.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on its terminal")]

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::net::TcpListener;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args.next().context("usage: bare_hyper ADDRESS FILE")?;
    let body = Bytes::from(std::fs::read(args.next().context("usage: bare_hyper ADDRESS FILE")?)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(serve(address, body)))
}

async fn serve(address: String, body: Bytes) -> Result<()> {
    let listener = TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let service = service_fn(move |_: Request<hyper::body::Incoming>| {
            let mut answer = Response::new(Full::new(body.clone()));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            async { Ok::<_, Infallible>(answer) }
        });
        tokio::task::spawn_local(async move {
            // A client that goes away is no error of the floor's.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
