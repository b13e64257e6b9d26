//! The service as a process of its own.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use hyper::{Method, StatusCode};
use mapwise_profile::Profile;
use mapwise_service::client::Client;

/// A service that runs; it ends with this.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mapwise-service"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("the service says where it listens");
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an address: {line:?}"));
        line.clear();
        out.read_line(&mut line).expect("and where its profile is");
        assert_eq!(line, format!("profile at http://{address}/debug/mapwise/\n"));
        Self { child, address }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await.expect("the service listens")
    }

    /// The answer to one request, as text.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let (status, answer) = self.client().await.ask(method, path, body).await.expect("an answer");
        (status.as_u16(), String::from_utf8_lossy(&answer).into_owned())
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let (status, answer) = self.ask(Method::GET, path, "").await;
        assert_eq!(status, StatusCode::OK.as_u16(), "{path}");
        answer
    }

    pub(crate) async fn profile(&self) -> Profile {
        Profile::from_json(self.get("/debug/mapwise/profile.json").await).expect("a valid profile")
    }

    /// What Ctrl-C does; how it ended and what it said.
    pub(crate) fn interrupt(mut self, within: Duration) -> (ExitStatus, String) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(begin.elapsed() < within, "it goes on");
            std::thread::sleep(Duration::from_millis(10));
        };
        let said = std::io::read_to_string(self.child.stderr.take().expect("a pipe")).expect("UTF-8");
        (status, said)
    }

    /// How much memory the service has, in KiB; nothing where the system does not tell.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
