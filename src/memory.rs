//! Memory for inputs that are read whole and may be large.

use std::io::{self, ErrorKind, Read};
use std::ops::Deref;

use memmap2::{MmapMut, MmapOptions};

/// Room for what is read, in addresses: the system gives memory only to what is written to. Growing by and by copies everything
/// several times, and has it twice meanwhile. The first that can be had is taken.
const ROOM: [usize; 2] = [1 << 32, 1 << 28];

/// What is behind so many bytes lies in huge pages, where the system has them: with pages of 4 KiB, giving out memory takes
/// longer than reading into it. For less, clearing a huge page of 2 MiB takes longer.
/// <https://docs.kernel.org/admin-guide/mm/transhuge.html>
#[cfg(any(target_os = "linux", test))]
const SMALL: usize = 2 << 20;

/// Bytes that were read whole.
pub struct Bytes(Held);

enum Held {
    /// The first so many bytes of the room.
    Roomy(MmapMut, usize),
    Grown(Vec<u8>),
}

impl Bytes {
    /// Reads to the end. Where addresses are limited, and there is no room, memory grows with what is read.
    ///
    /// # Errors
    /// What reading failed with.
    pub fn read(from: impl Read) -> io::Result<Self> {
        let room = ROOM.into_iter().find_map(|room| MmapOptions::new().len(room).no_reserve_swap().map_anon().ok());
        Self::read_into(room, from)
    }

    fn read_into(room: Option<MmapMut>, mut from: impl Read) -> io::Result<Self> {
        let mut read = Vec::new();
        if let Some(mut room) = room {
            #[cfg(target_os = "linux")]
            let _ = room.advise_range(memmap2::Advice::HugePage, SMALL, room.len().saturating_sub(SMALL));
            let mut count = 0;
            while let Some(rest) = room.get_mut(count..).filter(|rest| !rest.is_empty()) {
                match from.read(rest) {
                    Ok(0) => return Ok(Self(Held::Roomy(room, count))),
                    Ok(more) => count += more,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            read.extend_from_slice(&room);
        }
        from.read_to_end(&mut read)?;
        Ok(read.into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Held::Grown(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Held::Roomy(room, count) => room.get(..*count).unwrap_or_default(),
            Held::Grown(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_read_whatever_room_there_is() {
        for count in [0_usize, 1, 4095, 4096, 4097, SMALL + 1] {
            let given: Vec<u8> = (0..=250).cycle().take(count).collect();
            for room in [None, Some(1), Some(4096), Some(2 * SMALL)] {
                let room = room.map(|room| MmapMut::map_anon(room).unwrap());
                assert!(*Bytes::read_into(room, &*given).unwrap() == given, "{count}");
            }
            assert!(*Bytes::read(&*given).unwrap() == given, "{count}");
        }
    }
}
