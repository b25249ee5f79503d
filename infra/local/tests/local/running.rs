//! The real binary, running.

use crate::client::{Answer, request};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A directory of a test's own, empty.
pub(crate) fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary to its end, which is expected to come at once: its status and what it said on the
/// standard error.
pub(crate) fn fails(arguments: &[&str]) -> (ExitStatus, String) {
    let output = command(arguments).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    (output.status, String::from_utf8(output.stderr).unwrap())
}

/// A process that is ready. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    /// What it still prints.
    pub(crate) stdout: BufReader<ChildStdout>,
    /// Host and port.
    pub(crate) authority: String,
}

impl Running {
    /// On a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(&[&["--listen", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(authority) = line.trim_end().strip_prefix("ready http://") else {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{line}{said}");
        };
        let authority = authority.to_owned();
        Self { child, stdout, authority }
    }

    pub(crate) fn get(&self, page: &str) -> Answer {
        request(&self.authority, "GET", page, &[], b"")
    }

    pub(crate) fn post(&self, page: &str, body: &str) -> Answer {
        request(&self.authority, "POST", page, &[], body.as_bytes())
    }

    /// A page that is there.
    pub(crate) fn page(&self, page: &str) -> Value {
        let answer = self.get(page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        answer.json()
    }

    /// Lets time pass, and waits until everything that is ready is done.
    pub(crate) fn advance(&self, by: &str) -> Value {
        let answer = self.post("/local/clock", &format!(r#"{{"advance": "{by}"}}"#));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// An inbox of the clinic (0) or of its twin (1).
    pub(crate) fn inbox(&self, account: usize, provider: &str) -> Value {
        let info = self.page("/local/info");
        let inboxes = info["accounts"][account]["inboxes"].as_array().unwrap();
        inboxes.iter().find(|inbox| inbox["provider"] == provider).unwrap().clone()
    }

    /// The conversation with a client, whole.
    pub(crate) fn conversation(&self, address: &str) -> Option<Value> {
        let all = self.page("/local/conversations");
        let found = all.as_array().unwrap().iter().find(|one| one["address"] == address)?;
        Some(self.page(&format!("/local/conversations/{}", found["id"].as_str().unwrap())))
    }

    /// What went to providers.
    pub(crate) fn sent(&self) -> Vec<Value> {
        let outbox = self.page("/local/outbox");
        outbox.as_array().unwrap().iter().filter(|sent| sent["kind"] == "http").cloned().collect()
    }

    /// Sends a signal by its name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Waits for the end: status and what it said on the standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
