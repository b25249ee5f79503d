//! Where the local cloud keeps its state, and the one SQLite connection of queues and schedules.

use rusqlite::{Connection, TransactionBehavior};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Where state lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: gone with the process.
    Memory,
    /// Files in this directory, which must exist.
    Directory(PathBuf),
}

impl Storage {
    /// The file of this name in the directory; nothing when state is kept in memory.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Directory(directory) => Some(directory.join(name)),
        }
    }

    /// Opens `queues.db` (queues and schedules). The write-ahead log is handed to the operating system
    /// before a call returns, so a killed process loses nothing that it acknowledged.
    pub fn open_queues(&self) -> Result<Database, rusqlite::Error> {
        let connection = match self.file("queues.db") {
            None => Connection::open_in_memory()?,
            Some(path) => Connection::open(path)?,
        };
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Database { connection: Arc::new(Mutex::new(connection)) })
    }
}

/// One SQLite connection, shared: schedules fire into queues in one transaction.
#[derive(Clone, Debug)]
pub struct Database {
    connection: Arc<Mutex<Connection>>,
}

impl Database {
    /// Runs `work` in one transaction: all of it is kept when it succeeds, nothing when it fails.
    pub fn transact<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs `work` without a transaction, for reading.
    pub fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection)
    }
}
