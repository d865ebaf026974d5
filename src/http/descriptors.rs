//! Whether the system gives this process as many descriptors as it takes.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

/// What one client takes: its thread's, a connection, and the file of certificates that it reads meanwhile.
pub const CLIENT: usize = 6;
/// What a client and a server of one process take for a request: those, and the other end of the connection.
pub const BOTH_ENDS: usize = CLIENT + 1;

/// Tries whether so many more can be had at once, and gives them back.
///
/// # Errors
/// The system's words, when they cannot.
pub fn spare(number: usize) -> io::Result<()> {
    let first = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    (1..number).map(|_| first.try_clone()).collect::<io::Result<Vec<_>>>().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_can_be_had() {
        assert!(spare(BOTH_ENDS).is_ok());
    }
}
