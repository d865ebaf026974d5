//! What the system allows this process.

/// Descriptors that are left alone: the answers' files, a name server's socket, what a library opens for a moment.
#[cfg(unix)]
const LEFT_ALONE: usize = 16;
/// Descriptors that are taken to be open where nobody can count them.
#[cfg(unix)]
const OPEN_ANYHOW: usize = 48;

/// How many connections may be open at once; at least one.
#[cfg(unix)]
pub fn connections() -> usize {
    use nix::sys::resource::{Resource, getrlimit};
    let Ok((allowed, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return usize::MAX };
    // Linux and macOS alike list the process's own descriptors here.
    let open = std::fs::read_dir("/dev/fd").map_or(OPEN_ANYHOW, Iterator::count);
    usize::try_from(allowed).unwrap_or(usize::MAX).saturating_sub(open + LEFT_ALONE).max(1)
}

/// How many connections may be open at once: Windows has no limit that would be met here.
#[cfg(not(unix))]
pub const fn connections() -> usize {
    usize::MAX
}
