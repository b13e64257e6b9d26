//! The router on a port of the loopback, and the smallest client.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use axum::Router;
use tokio::{net::TcpListener, runtime::Runtime};

/// Lasts as long as the server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

pub(crate) fn serve() -> Server {
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let app: Router = mapwise::profile::router();
    runtime.spawn(async { axum::serve(listener, app).await });
    Server { address, _runtime: runtime }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A connection on which something was asked, and nothing was read.
pub(crate) fn ask(server: &Server, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    stream
}

pub(crate) fn request(server: &Server, method: &str, path: &str) -> Answer {
    let mut answer = Vec::new();
    ask(server, method, path).read_to_end(&mut answer).expect("an answer");
    read(&answer)
}

pub(crate) fn get(server: &Server, path: &str) -> Answer {
    request(server, "GET", path)
}

/// Reads an answer that is complete.
pub(crate) fn read(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&answer[..end]).expect("UTF-8");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Answer { status: status.expect("a status"), headers: headers.collect(), body: answer[end + 4..].to_vec() }
}
