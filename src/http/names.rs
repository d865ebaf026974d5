//! Looks up names beside a request: a name server that does not answer holds up neither the request's time-out nor the
//! end of the process, as a look-up of the HTTP library's own would, whose threads are waited for.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// The names of the system.
pub(super) const SYSTEM: NameResolver = NameResolver(|name| (name, 0).to_socket_addrs().map(Iterator::collect));

/// A way to look up names, each in a thread that nobody waits for.
pub(super) struct NameResolver(pub(super) fn(&str) -> io::Result<Vec<SocketAddr>>);

impl Resolve for NameResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = oneshot::channel();
        let look_up = self.0;
        let started = thread::Builder::new().spawn(move || {
            // Nobody listens any more when the time was up.
            let _ = sender.send(look_up(name.as_str()));
        });
        Box::pin(async move {
            started?;
            Ok(Box::new(receiver.await??.into_iter()) as Addrs)
        })
    }
}
