//! The local system as a process of its own.

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// `cargo run`'s process, with nothing on disk, on a free port of this machine; ended with this value.
#[derive(Debug)]
pub struct System {
    child: Child,
    /// Where it listens.
    pub base_url: String,
}

impl System {
    /// Starts the binary. The same seed makes the same accounts.
    ///
    /// # Errors
    /// When it cannot be started, or does not say that it is ready.
    pub fn start(binary: &Path, seed: u64, arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(binary)
            .args(["--ephemeral", "--listen", "127.0.0.1:0", "--seed", &seed.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take();
        // From here on it is ended whatever happens.
        let mut system = Self { child, base_url: String::new() };
        let stdout = stdout.ok_or_else(|| io::Error::other("no standard output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().ok_or_else(|| io::Error::other("the local system did not start"))??;
        let url = first.strip_prefix("ready ");
        url.ok_or_else(|| io::Error::other("the local system is not ready"))?
            .clone_into(&mut system.base_url);
        // Whoever closes the pipe stops the writer.
        std::thread::spawn(move || lines.count());
        Ok(system)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
