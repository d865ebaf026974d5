//! The least that an HTTPS request can cost: a socket, the TLS library, and the roots, with nothing around them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The argument that turns the bench into this client.
pub const ROLE: &str = "--bare-tls";

/// Sends one POST to a URL, trusting a bundle, and prints what comes back.
pub fn post(args: &[String]) {
    let [url, bundle, body] = args else { panic!("a URL, a bundle and a body") };
    let rest = url.strip_prefix("https://").expect("https");
    let (place, path) = rest.split_at(rest.find('/').expect("a path"));
    let host = place.split(':').next().expect("a host").to_owned();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_file_iter(bundle).expect("the bundle").flatten());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).expect("a host name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let socket = TcpStream::connect(place).expect("a server");
    socket.set_nodelay(true).expect("an option");
    let mut stream = StreamOwned::new(connection, socket);
    let length = body.len();
    let request = format!("POST {path} HTTP/1.1\r\nHost: {place}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("a server that reads");
    let mut answer = vec![0; 16 * 1024];
    let read = stream.read(&mut answer).expect("an answer");
    println!("{}", String::from_utf8_lossy(&answer[..read]));
}
