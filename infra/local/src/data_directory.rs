//! The directory that a local system keeps its state in: one process at a time, and a seed of its own.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use handover_aws::Random;

use crate::LocalOptions;

/// Why a directory cannot be used. One line each.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// It cannot be created, or nothing can be written in it.
    #[error("cannot write in the data directory {}: {error}", path.display())]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// Another process works in it.
    #[error("the data directory {} is in use by process {process}; stop it, or choose another with --data", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other process's id, as it wrote it down.
        process: String,
    },
    /// It was made with another seed.
    #[error("the data directory {} was made with another --seed; leave the option out, or choose another directory", path.display())]
    OtherSeed {
        /// The directory.
        path: PathBuf,
    },
    /// The seed that is kept in it cannot be read.
    #[error("{} is not 64 hexadecimal digits; it was changed by hand", path.display())]
    Seed {
        /// The file.
        path: PathBuf,
    },
}

/// A directory that belongs to this process until the value is dropped, or the process ends in any way.
#[derive(Debug)]
pub struct DataDirectory {
    seed: [u8; 32],
    _lock: File,
}

impl DataDirectory {
    /// Takes the directory, created where it is missing. A new one gets the seed of this number, or a
    /// random one.
    ///
    /// # Errors
    /// [`DataDirectoryError`].
    pub fn open(path: &Path, seed: Option<u64>) -> Result<Self, DataDirectoryError> {
        let unwritable = |error| DataDirectoryError::Unwritable { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(unwritable)?;
        let lock = path.join("lock");
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(lock);
        let mut lock = lock.map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Only a courtesy: without it the message names nobody.
                let _ = lock.read_to_string(&mut process);
                return Err(DataDirectoryError::InUse { path: path.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        lock.set_len(0).map_err(unwritable)?;
        lock.write_all(std::process::id().to_string().as_bytes()).map_err(unwritable)?;
        let kept = path.join("seed");
        let seed = match fs::read(&kept) {
            Ok(text) => {
                let bytes = HEXLOWER.decode(text.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
                let kept: [u8; 32] = bytes.ok_or(DataDirectoryError::Seed { path: kept })?;
                if seed.is_some_and(|number| LocalOptions::seed(number) != kept) {
                    return Err(DataDirectoryError::OtherSeed { path: path.to_owned() });
                }
                kept
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let seed = seed.map_or_else(|| Random::system().bytes(), LocalOptions::seed);
                let draft = path.join("seed.new");
                fs::write(&draft, HEXLOWER.encode(&seed)).map_err(unwritable)?;
                fs::rename(draft, kept).map_err(unwritable)?;
                seed
            }
            Err(error) => return Err(unwritable(error)),
        };
        Ok(Self { seed, _lock: lock })
    }

    /// What the ids and secrets in it are drawn from.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }
}
