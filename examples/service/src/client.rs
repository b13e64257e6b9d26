//! One connection, one request at a time.

use std::{io, net::SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to the service.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Its error is also the next request's.
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub async fn ask(&mut self, method: Method, path: &str, body: &str) -> io::Result<(StatusCode, Bytes)> {
        let request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        let request = request.body(Full::from(body.to_owned())).map_err(io::Error::other)?;
        let answer = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await.map_err(io::Error::other)?.to_bytes()))
    }
}
