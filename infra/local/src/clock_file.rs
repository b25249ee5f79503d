//! How far domain time is ahead of real time, kept: a jump ahead outlives the process.

use std::{fs, io, path::PathBuf, time::Duration};

use handover_cloud::{Clock, Storage};
use serde::{Deserialize, Serialize};

/// `clock.json`; nothing where state is kept in memory, or on a clock that is moved by hand alone.
pub(crate) struct ClockFile(Option<PathBuf>);

#[derive(Serialize, Deserialize)]
struct Ahead {
    /// Milliseconds.
    ahead_ms: i64,
}

impl ClockFile {
    /// Opens the file and moves the clock to where it was.
    pub(crate) fn open(storage: &Storage, clock: &Clock) -> io::Result<Self> {
        let Some(path) = storage.file("clock.json").filter(|_| !clock.is_manual()) else {
            return Ok(Self(None));
        };
        match fs::read(&path) {
            Ok(text) => {
                let Ahead { ahead_ms } = serde_json::from_slice(&text)?;
                let missing = ahead_ms.saturating_sub(clock.offset_ms());
                clock.advance(Duration::from_millis(u64::try_from(missing).unwrap_or(0)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self(Some(path)))
    }

    /// Moves the clock to `to_ms` (Unix milliseconds). It is written down first: a killed process may have
    /// jumped already, and never goes back.
    pub(crate) fn move_to(&self, clock: &Clock, to_ms: i64) -> io::Result<()> {
        let by = to_ms.saturating_sub(clock.now_ms());
        if by <= 0 {
            return Ok(());
        }
        if let Some(path) = &self.0 {
            let ahead = Ahead { ahead_ms: clock.offset_ms().saturating_add(by) };
            let draft = path.with_extension("json.new");
            fs::write(&draft, serde_json::to_vec(&ahead)?)?;
            fs::rename(&draft, path)?;
        }
        clock.advance(Duration::from_millis(by.unsigned_abs()));
        Ok(())
    }
}
