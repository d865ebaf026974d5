//! Reading keys, one at a time.

#[cfg(not(unix))]
use std::io;

#[cfg(not(unix))]
use console::Key;
#[cfg(unix)]
pub use unix::Keys;

/// The keyboard; the console reads it.
#[cfg(not(unix))]
pub struct Keys(console::Term);

#[cfg(not(unix))]
impl Keys {
    /// Begins to read.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub fn open() -> io::Result<Self> {
        Ok(Self(console::Term::stderr()))
    }

    /// Waits for the next key.
    pub fn read(&mut self) -> io::Result<Key> {
        self.0.read_key()
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, Read as _};
    use std::os::fd::AsFd as _;

    use console::Key;
    use nix::sys::select::{FdSet, select};
    use nix::sys::time::{TimeVal, TimeValLike as _};

    /// How long the rest of a key's bytes takes at most, in milliseconds; Esc alone has none.
    const REST: i64 = 50;

    /// What Ctrl-C types where it is no signal.
    const CTRL_C: u8 = 3;

    /// The keyboard. Standard input itself would read ahead what belongs to the next question.
    pub struct Keys(File);

    impl Keys {
        /// Begins to read.
        pub fn open() -> io::Result<Self> {
            Ok(Self(io::stdin().as_fd().try_clone_to_owned()?.into()))
        }

        /// Waits for the next key.
        pub fn read(&mut self) -> io::Result<Key> {
            Ok(match self.byte()? {
                CTRL_C => return Err(io::ErrorKind::Interrupted.into()),
                b'\r' | b'\n' => Key::Enter,
                b'\t' => Key::Tab,
                0x7f | 0x08 => Key::Backspace,
                0x01 => Key::Home,
                0x05 => Key::End,
                0x1b if !self.has_more() => Key::Escape,
                0x1b => self.sequence()?,
                first => self.character(first)?,
            })
        }

        fn byte(&mut self) -> io::Result<u8> {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            Ok(byte[0])
        }

        fn has_more(&self) -> bool {
            let mut read = FdSet::new();
            read.insert(self.0.as_fd());
            let mut time = TimeVal::milliseconds(REST);
            select(None, &mut read, None, None, &mut time).is_ok_and(|ready| ready > 0)
        }

        /// What follows Esc: the keys that have no character of their own.
        fn sequence(&mut self) -> io::Result<Key> {
            if !matches!(self.byte()?, b'[' | b'O') {
                return Ok(Key::Unknown);
            }
            let mut parameters = Vec::new();
            let end = loop {
                match self.byte()? {
                    end @ 0x40..=0x7e => break end,
                    byte => parameters.push(byte),
                }
            };
            Ok(match (end, parameters.as_slice()) {
                (b'A', _) => Key::ArrowUp,
                (b'B', _) => Key::ArrowDown,
                (b'C', _) => Key::ArrowRight,
                (b'D', _) => Key::ArrowLeft,
                (b'Z', _) => Key::BackTab,
                (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
                (b'F', _) | (b'~', b"4" | b"8") => Key::End,
                (b'~', b"3") => Key::Del,
                _ => Key::Unknown,
            })
        }

        fn character(&mut self, first: u8) -> io::Result<Key> {
            let length = match first {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => 1,
            };
            let mut bytes = vec![first];
            while bytes.len() < length {
                bytes.push(self.byte()?);
            }
            let character = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
            Ok(character.map_or(Key::Unknown, Key::Char))
        }
    }
}
