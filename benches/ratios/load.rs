//! Requests over connections that stay open, and the barest server that can answer them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The argument that turns the bench into the bare server.
pub const SERVER_ROLE: &str = "--serve-bare";
/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;

/// Sends so many requests and takes the time. `request` writes the one with a number.
pub fn send(address: SocketAddr, number: usize, request: impl Fn(usize) -> String + Sync) -> Duration {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).expect("a connection");
                stream.set_nodelay(true).expect("an option");
                let mut buffer = vec![0; 16 * 1024];
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= number {
                        break;
                    }
                    stream.write_all(request(at).as_bytes()).expect("a server that reads");
                    read_answer(&mut stream, &mut buffer);
                }
            });
        }
    });
    started.elapsed()
}

fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).expect("an answer");
        assert!(read > 0, "the server hung up");
        filled += read;
        let text = &buffer[..filled];
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
        let length: usize = length.trim().parse().expect("a number");
        if filled >= end + 4 + length {
            return;
        }
    }
}

/// A bare hyper server with one canned user; prints its port and runs until it is killed.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        let answer = Bytes::from(format!(r#"{{"succeed":true,"data":{}}}"#, crate::server::user(1)));
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    request.into_body().collect().await?;
                    Ok::<_, hyper::Error>(Response::new(Full::new(answer)))
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                // A client that hangs up is no fault.
                let _ = connection.await;
            });
        }
    });
}
