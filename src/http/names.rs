//! Looks up names beside a request: a name server that does not answer holds up neither the request's time-out nor the
//! end of the process, as a look-up of the HTTP library's own would, whose threads are waited for.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// The names of the system.
pub(super) const SYSTEM: NameResolver = NameResolver(|name| (name, 0).to_socket_addrs().map(Iterator::collect));

/// A way to look up names, each in a thread that nobody waits for.
pub(super) struct NameResolver(pub(super) fn(&str) -> io::Result<Vec<SocketAddr>>);

/// The addresses of a host, by the names of the system.
///
/// # Errors
/// What the system says, or that it said nothing in time.
pub fn look_up(host: &str, limit: Duration) -> io::Result<Vec<IpAddr>> {
    let (sender, receiver) = mpsc::channel();
    SYSTEM.start(host.to_owned(), move |found| drop(sender.send(found)))?;
    let found = receiver.recv_timeout(limit).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(found.into_iter().map(|address| address.ip()).collect())
}

impl NameResolver {
    /// Looks up a name in a thread of its own. Nobody listens any more when the time was up.
    fn start(&self, name: String, tell: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static) -> io::Result<()> {
        let look_up = self.0;
        thread::Builder::new().spawn(move || tell(look_up(&name))).map(drop)
    }
}

impl Resolve for NameResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = oneshot::channel();
        let started = self.start(name.as_str().to_owned(), move |found| drop(sender.send(found)));
        Box::pin(async move {
            started?;
            Ok(Box::new(receiver.await??.into_iter()) as Addrs)
        })
    }
}
