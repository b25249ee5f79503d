//! A function's process: started with its environment, and what it takes from the machine.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::RuntimeApi;

/// A running function.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// From the start of the process to its first poll for an event.
    pub start: Duration,
}

/// How long a process may take to its first poll.
const PATIENCE: Duration = Duration::from_secs(20);

impl Process {
    /// Starts a function's binary and waits for its first poll.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not poll.
    #[expect(clippy::disallowed_methods, reason = "measures")]
    pub async fn start(
        binary: &Path,
        environment: &BTreeMap<String, String>,
        api: &RuntimeApi,
        first_poll: oneshot::Receiver<Instant>,
    ) -> io::Result<Self> {
        let name = binary.file_name().unwrap_or_default();
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "s")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
            .stdout(Stdio::null());
        let started_at = Instant::now();
        let child = command.spawn()?;
        let mut process = Self { child, start: Duration::ZERO };
        let polled_at = tokio::time::timeout(PATIENCE, first_poll).await;
        let polled_at =
            polled_at.map_err(|_| io::Error::other(format!("{} does not poll", binary.display())))?;
        let polled_at = polled_at.map_err(io::Error::other)?;
        process.start = polled_at.duration_since(started_at);
        Ok(process)
    }

    /// The processor time that it has used up to now, in nanoseconds
    /// (`/proc/PID/schedstat`, docs.kernel.org/scheduler/sched-stats.html), all threads together.
    ///
    /// # Errors
    /// Where there is no such file: on anything but Linux.
    pub fn cpu_ns(&self) -> io::Result<u64> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            total += first.ok_or_else(|| io::Error::other("schedstat cannot be read"))?;
        }
        Ok(total)
    }

    /// The most memory that it has held at a time, in bytes (`VmHWM`).
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn peak_memory_bytes(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("no VmHWM"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
