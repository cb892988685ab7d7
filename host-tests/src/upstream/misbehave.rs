//! The ways in which upstreams break HTTP. Written to the bare socket, since a server library would refuse to.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is done instead of a valid answer.
#[derive(Debug, Clone)]
pub enum Misbehaviour {
    /// Says nothing until the client gives up.
    StallBeforeHeaders,
    /// Sends headers and the first bytes of a longer body, then nothing until the client gives up.
    StallMidBody(Bytes),
    /// Sends the body one byte at a time, for ever: it never ends by itself.
    Drip {
        /// Sent over and over.
        body: Bytes,
        /// Between two bytes.
        pause: Duration,
    },
    /// Declares more than it sends, then closes.
    LengthTooLong(Bytes),
    /// Declares fewer bytes than it sends.
    LengthTooShort(Bytes),
    /// Resets the connection in the middle of the body.
    Reset(Bytes),
    /// Closes without a word.
    Hangup,
    /// Claims chunks and sends none.
    ChunkedGarbage,
    /// Is no HTTP server at all.
    NotHttp,
    /// Sends headers without end.
    EndlessHeaders,
}

/// Most bytes that [`Misbehaviour::Drip`] and [`Misbehaviour::EndlessHeaders`] send.
const ENDLESS_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) async fn act(mut stream: TcpStream, how: &Misbehaviour) -> io::Result<()> {
    match how {
        Misbehaviour::StallBeforeHeaders => until_client_leaves(&mut stream).await,
        Misbehaviour::StallMidBody(body) => {
            send(&mut stream, Some(body.len() * 2 + 1), body).await?;
            until_client_leaves(&mut stream).await
        }
        Misbehaviour::Drip { body, pause } => drip(&mut stream, body, *pause).await,
        Misbehaviour::LengthTooLong(body) => {
            send(&mut stream, Some(body.len() + 1000), body).await?;
            stream.shutdown().await
        }
        Misbehaviour::LengthTooShort(body) => {
            send(&mut stream, Some(body.len() / 2), body).await?;
            stream.shutdown().await
        }
        Misbehaviour::Reset(body) => {
            send(&mut stream, Some(body.len() * 2 + 1), body).await?;
            // Closing with a linger time of zero sends RST instead of FIN.
            stream.set_zero_linger()
        }
        Misbehaviour::Hangup => stream.shutdown().await,
        Misbehaviour::ChunkedGarbage => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(b"zz\r\n<rss>not a chunk at all").await?;
            stream.shutdown().await
        }
        Misbehaviour::NotHttp => {
            stream
                .write_all(b"220 mail.example ESMTP ready\r\n")
                .await?;
            stream.shutdown().await
        }
        Misbehaviour::EndlessHeaders => endless_headers(&mut stream).await,
    }
}

async fn send(stream: &mut TcpStream, declared: Option<usize>, body: &[u8]) -> io::Result<()> {
    let length = declared
        .map(|n| format!("content-length: {n}\r\n"))
        .unwrap_or_default();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/rss+xml\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await
}

/// No timer of its own: ends when the client closes its side.
async fn until_client_leaves(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 256];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn drip(stream: &mut TcpStream, body: &Bytes, pause: Duration) -> io::Result<()> {
    send(stream, None, b"").await?;
    for byte in body.iter().cycle().take(ENDLESS_BYTES_MAX) {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

async fn endless_headers(stream: &mut TcpStream) -> io::Result<()> {
    const LINE: &[u8] =
        b"x-more: and more and more and more and more and more and more and more\r\n";
    stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
    for _ in 0..ENDLESS_BYTES_MAX / LINE.len() {
        stream.write_all(LINE).await?;
    }
    Ok(())
}
