//! One request to chromedriver.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Most bytes of an answer: a screenshot in base64.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Sends a command and returns its `value` (WebDriver §6.1).
pub(super) async fn command(
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("127.0.0.1:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body))?;
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
    let body = body
        .collect()
        .await
        .map_err(anyhow::Error::from_boxed)?
        .to_bytes();
    connection.abort();
    let mut answer: Value = serde_json::from_slice(&body).context("an answer of chromedriver")?;
    let value = answer["value"].take();
    ensure!(
        parts.status.is_success(),
        "{path}: {}: {}",
        value["error"],
        value["message"]
    );
    Ok(value)
}
