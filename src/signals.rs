//! The system's signals: listened to by threads, and left alone where whoever started us wants them ignored.

/// Runs `then` for each of these signals from now on, in a thread of its own. Those that are ignored stay so: whoever
/// started us with `nohup` or in the background asked for it.
pub fn listen(signals: impl IntoIterator<Item = i32>, then: impl Fn(i32) + Send + 'static) {
    let heard = not_ignored(signals);
    let (ready, is_ready) = std::sync::mpsc::channel();
    // The thread comes first: a signal that is caught and that nobody waits for would be lost.
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut signals = signal_hook::iterator::Signals::new(heard);
        let _ = ready.send(());
        for signal in signals.iter_mut().flat_map(|signals| signals.forever()) {
            then(signal);
        }
    });
    if thread.is_ok() {
        let _ = is_ready.recv();
    }
}

/// The signals among these that this process was not told to ignore when it was started.
pub fn not_ignored(signals: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let ignored = ignored();
    signals.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The signals that this process was told to ignore, a bit each, the first one lowest.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// No safe call tells here. `nohup` is known by the streams that it takes away from the terminal, and without one there
/// is nothing to put back when the terminal goes.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    use std::io::IsTerminal as _;
    let is_away = console::Term::stderr().is_term() || std::io::stdin().is_terminal();
    if is_away { 0 } else { 1 << (signal_hook::consts::SIGHUP - 1) }
}
