//! Through nginx: TLS and HTTP/2 to the client, plain HTTP/1.1 behind, with the proxy's defaults, which buffer.

use super::{Curl, PATIENCE, add, serve};
use crate::support::{App, tool};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// nginx that ends with the test.
struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    fn before(url: &str, folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let request = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ];
        let made = Command::new("openssl").args(request).current_dir(folder).stderr(Stdio::null()).status();
        assert!(made.expect("run openssl").success());
        let folder_text = folder.to_str().unwrap();
        // What is not said here is as nginx has it: it buffers what comes, and compresses if it is told to.
        let configuration = format!(
            "daemon off; master_process off; pid {folder_text}/nginx.pid; error_log {folder_text}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n\
               access_log off;\n\
               client_body_temp_path {folder_text}/body; proxy_temp_path {folder_text}/proxy;\n\
               fastcgi_temp_path {folder_text}/fastcgi; uwsgi_temp_path {folder_text}/uwsgi;\n\
               scgi_temp_path {folder_text}/scgi;\n\
               gzip on; gzip_types text/plain text/css application/json; gzip_min_length 1; gzip_proxied any;\n\
               server {{\n\
                 listen 127.0.0.1:{port} ssl http2;\n\
                 ssl_certificate {folder_text}/cert.pem; ssl_certificate_key {folder_text}/key.pem;\n\
                 location / {{\n\
                   proxy_pass {url}; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
                   proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
                 }}\n\
                 location /old/ {{ proxy_pass {url}/; }}\n\
               }}\n\
             }}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new(tool("nginx"));
        command.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
        let child = command.spawn().expect("start nginx");
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "nginx does not listen: {log}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Self { child, port }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_pass_a_proxy_at_once_over_http2_and_http1() {
    let app = App::migrated();
    let server = serve(&app, &[("MARTLET_SERVER_TRUSTED_PROXIES", "127.0.0.1")]);
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::before(server.url(), folder.path());
    let url = |path: &str| format!("https://127.0.0.1:{}{path}rest/v1/rpc/notes", proxy.port);
    let (http2, http1, http10) = (url("/"), url("/"), url("/old/"));
    // curl takes gzip: had the proxy buffered or compressed, an event would not come out alone.
    let streams = [
        (Curl::follow(&["--insecure", "--compressed", "--include", "--http2", &http2]), "HTTP/2 200"),
        (Curl::follow(&["--insecure", "--compressed", "--include", "--http1.1", &http1]), "HTTP/1.1 200 OK"),
        // nginx asks by HTTP/1.0 where it is not told otherwise.
        (Curl::follow(&["--insecure", "--include", "--http2", &http10]), "HTTP/2 200"),
    ];
    for (stream, status) in &streams {
        let head = stream.block().unwrap();
        assert!(head.starts_with(status), "{head}");
        assert!(head.contains("content-type: text/event-stream") || head.contains("Content-Type: text/event-stream"));
        assert!(!head.to_lowercase().contains("content-encoding"), "{head}");
        assert_eq!(stream.data(), "[]");
    }
    let mut all = String::new();
    for number in 1..=5 {
        add(&server, &number.to_string(), "");
        all.push_str(&format!("{}{{\"id\":{number},\"body\":\"{number}\"}}", if number > 1 { "," } else { "" }));
        for (stream, status) in &streams {
            assert_eq!(stream.data(), format!("[{all}]"), "{status}");
        }
    }
    // A client that leaves the proxy leaves the server.
    drop(streams);
    let began = Instant::now();
    let service = app.run_with("keys", &[], "", &[super::SECRET]).stdout;
    let service = service.lines().find_map(|line| line.strip_prefix("service_role ")).unwrap().trim().to_owned();
    while !server.get_as("/metrics", &service).body.contains("martlet_live_streams 0") {
        assert!(began.elapsed() < PATIENCE, "streams stay open");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
