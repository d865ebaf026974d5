//! Which `Host` a request may name. A page in a browser can reach a loopback server under a name of its own
//! (DNS rebinding); it cannot change what the browser writes into `Host`.

use std::net::{IpAddr, SocketAddr};

/// Tells whether a server that listens here answers for this `Host`.
///
/// Where other machines are let in on purpose, addresses and names without a dot (a container's, say) count too:
/// neither can be a public site's name.
pub fn is_ours(host: &str, listen: SocketAddr) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
    let open = !listen.ip().is_loopback();
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || open || address == listen.ip(),
        Err(_) => name == "localhost" || name.ends_with(".localhost") || (open && is_single_label(&name)),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_v6(name) => name,
        _ => host,
    }
}

/// A v6 address must stand in brackets before a port; without them its last group is no port.
fn is_bare_v6(name: &str) -> bool {
    name.contains(':') && !name.ends_with(']')
}

fn is_single_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_loopback_only_loopback_names_are_ours() {
        let listen = "127.0.0.1:8787".parse().unwrap();
        for ours in ["127.0.0.1:8787", "127.0.0.1", "localhost:1", "LOCALHOST", "api.localhost", "[::1]:8787", "::1"] {
            assert!(is_ours(ours, listen), "{ours}");
        }
        for foreign in
            ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "192.168.0.1", "sandbox", "", "localhost."]
        {
            assert!(!is_ours(foreign, listen), "{foreign}");
        }
    }

    #[test]
    fn opened_on_purpose_addresses_and_single_names_are_ours_but_no_site() {
        let listen = "0.0.0.0:8787".parse().unwrap();
        for ours in ["192.168.0.1:8787", "sandbox:8787", "localhost"] {
            assert!(is_ours(ours, listen), "{ours}");
        }
        assert!(!is_ours("evil.example:8787", listen));
    }
}
