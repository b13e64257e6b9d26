//! Asking a server for its profile.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use mapwise_profile::{Profile, ProfileError, limits};

use crate::failure::Failure;

/// A server that takes longer than this is gone.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Where the profile is when only a host was named.
const PATH: &str = "/debug/mapwise/profile.json";

/// What a server answered, or why not.
pub(super) type News = Receiver<Result<Profile, Failure>>;

/// A server's profile.
#[derive(Clone)]
pub(super) struct Server {
    address: String,
    agent: ureq::Agent,
}

impl Server {
    /// The profile at an address as people type it: a host and port, the page's address, or the profile's own.
    pub(super) fn at(typed: &str) -> Result<Self, Failure> {
        let config = ureq::Agent::config_builder();
        // A proxy is for the world, not for the process next door.
        let config = config.timeout_global(Some(TIMEOUT)).max_redirects(3).proxy(None).build();
        Ok(Self { address: address(typed)?, agent: config.new_agent() })
    }

    /// One profile.
    pub(super) fn fetch(&self) -> Result<Profile, Failure> {
        let refuse = |what: String, hint: &str| Failure::new(format_args!("{}: {what}", self.address), hint);
        let mut response = self.agent.get(&self.address).call().map_err(|error| match error {
            ureq::Error::StatusCode(status) => {
                refuse(format!("the server answers {status}"), "name the address where the router is mounted")
            }
            error => refuse(format!("no answer: {error}"), "check the address, and that the service runs"),
        })?;
        let body = response.body_mut().with_config().limit(limits::BYTES + 1).read_to_vec();
        let body = body.map_err(|error| refuse(format!("the answer broke off: {error}"), "try again"))?;
        Profile::from_json(body).map_err(|error| match error {
            ProfileError::Newer { .. } => refuse(error.to_string(), "update mapwise"),
            error => refuse(
                format!("not a profile: {error}"),
                "name the service's own page, for example http://127.0.0.1:3000/debug/mapwise/",
            ),
        })
    }

    /// Asks every so often, from a thread that ends with the receiver.
    pub(super) fn watch(&self, every: Duration) -> News {
        let (send, news) = sync_channel(1);
        let server = self.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(every);
                if send.send(server.fetch()).is_err() {
                    return;
                }
            }
        });
        news
    }
}

fn address(typed: &str) -> Result<String, Failure> {
    let example = "for example http://127.0.0.1:3000/debug/mapwise/";
    if typed.starts_with("https://") {
        return Err(Failure::new(
            "top speaks plain HTTP, got an https address",
            "ask on the loopback, or through a tunnel",
        ));
    }
    let rest = typed.strip_prefix("http://").unwrap_or(typed);
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    let is_path = |c: char| c.is_ascii_graphic() && !"?#\"<>".contains(c);
    if host.is_empty() || !host.chars().all(is_host) || !path.chars().all(is_path) {
        return Err(Failure::new(
            format_args!("the address must be a host, a port and a path, got {typed:?}"),
            example,
        ));
    }
    Ok(match path {
        "" | "/" => format!("http://{host}{PATH}"),
        path if path.ends_with(".json") => format!("http://{host}{path}"),
        path => format!("http://{host}{}/profile.json", path.trim_end_matches('/')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_type_it() {
        let full = "http://127.0.0.1:3000/debug/mapwise/profile.json";
        for typed in [
            "127.0.0.1:3000",
            "http://127.0.0.1:3000/",
            "127.0.0.1:3000/debug/mapwise",
            "http://127.0.0.1:3000/debug/mapwise/",
            full,
        ] {
            assert_eq!(address(typed).unwrap(), full, "{typed}");
        }
        for typed in ["", "http://", "https://a", "a b", "host\u{1b}[31m", "host/\n"] {
            assert!(address(typed).is_err(), "{typed:?}");
        }
    }
}
