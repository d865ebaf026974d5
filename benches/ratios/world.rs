//! Where the commands run: a home of their own, certificates, and the account that every server takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::process::Invocation;

pub const BINARY: &str = env!("CARGO_BIN_EXE_spectrum");
pub const PROJECT: &str = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
pub const SECRET: &str = "a-secret-of-the-bench";
/// As many as a system brings; a client that parses them all pays for it.
const ROOTS: usize = 145;

pub struct World {
    pub home: PathBuf,
    /// What the bundle of roots is made of.
    pub roots: String,
}

impl World {
    /// Makes the certificates; takes a moment.
    pub fn new(home: PathBuf) -> Self {
        let own = authority("bench");
        let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a host name");
        leaf.not_after = (SystemTime::now() + Duration::from_secs(86_400)).into();
        let key = KeyPair::generate().expect("a key");
        let signed = leaf.signed_by(&key, &own.1).expect("a certificate");
        let (mut bundle, roots) = system_roots().unwrap_or_else(|| {
            let generated: String = (1..ROOTS).map(|at| authority(&format!("root {at}")).0).collect();
            (generated, format!("{ROOTS}, generated"))
        });
        bundle.push_str(&own.0);
        fs::write(home.join("bundle.pem"), bundle).expect("the bundle");
        fs::write(home.join("server.pem"), signed.pem()).expect("the certificate");
        fs::write(home.join("server.key"), key.serialize_pem()).expect("the key");
        Self { home, roots }
    }

    pub fn bundle(&self) -> PathBuf {
        self.home.join("bundle.pem")
    }

    /// This command, as somebody would run it against a server.
    pub fn spectrum(&self, base_url: &str, args: &[&str]) -> Invocation {
        let mut spectrum = Invocation::new(&format!("spectrum {}", args.join(" ")), BINARY)
            .args(args)
            .env("SPECTRUM_PROJECT_ID", PROJECT)
            .env("SPECTRUM_PROJECT_SECRET", SECRET)
            .env("SPECTRUM_CLOUD_URL", base_url);
        if base_url.starts_with("https") {
            spectrum = spectrum.env("SSL_CERT_FILE", self.bundle());
        }
        spectrum
    }

    /// A shell line with curl in it, which asks for the same.
    pub fn curl(&self, shown: &str, url: &str, rest: &str) -> Invocation {
        let trust =
            if url.starts_with("https") { format!("--cacert {}", self.bundle().display()) } else { String::new() };
        let line = format!("curl -sSf {trust} -u {PROJECT}:{SECRET} '{url}' {rest}");
        // `exec` leaves no shell beside a single command.
        let line = if rest.contains('|') { line } else { format!("exec {line}") };
        Invocation::shell(shown, &line)
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).expect("no host names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.pem(), Issuer::new(params, key))
}

/// The system's own roots, where it has as many as people's machines have.
fn system_roots() -> Option<(String, String)> {
    let places = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let text = places.iter().map(Path::new).find_map(|place| fs::read_to_string(place).ok())?;
    let count = text.matches("BEGIN CERTIFICATE").count();
    (count >= 140).then(|| (text, format!("{}, the system's and the bench's own", count + 1)))
}
