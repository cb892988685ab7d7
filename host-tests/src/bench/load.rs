//! The load generator: HTTP/1.1 over kept-alive connections, as little work a request as possible, so that what is measured
//! is the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::cpu;

/// An answer's head may have this many bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// An answer that takes longer ends the measurement with an error.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What to do to a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// Connections, each with one request under way.
    pub connections: usize,
    /// For how long.
    pub time: Duration,
    /// With a leading `/`.
    pub path: String,
    /// More header fields, each with its line end.
    pub fields: String,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Answers a second.
    pub per_second: f64,
    /// Half of the answers took at most this long, in microseconds.
    pub p50_us: f64,
    /// 99 of 100 answers took at most this long, in microseconds.
    pub p99_us: f64,
    /// Processor time of this process without the load generator's thread, in microseconds an answer, where the
    /// system tells. Hardly depends on what else the machine does.
    pub cpu_us: Option<f64>,
    /// Bytes of one body.
    pub body_bytes: usize,
}

/// Puts `load` on `address` from a thread of its own.
///
/// # Errors
/// Where an answer is neither a 200 with a length nor a 304, or does not come in time.
pub async fn put_load(address: SocketAddr, load: Load) -> anyhow::Result<Measured> {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let before = cpu::times();
        let start = Instant::now();
        let connections = (0..load.connections).map(|_| connection(address, &load, start));
        let answers = runtime.block_on(future::try_join_all(connections))?;
        Ok(measured(
            &answers,
            start.elapsed(),
            cpu::others_since(before),
        ))
    })
    .await?
}

/// The times of one connection's answers in microseconds, and the bytes of a body.
struct Answers {
    times_us: Vec<u32>,
    body_bytes: usize,
}

async fn connection(address: SocketAddr, load: &Load, start: Instant) -> anyhow::Result<Answers> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n{}\r\n",
        load.path, load.fields
    );
    let mut buffer = vec![0; 256 * 1024];
    let mut answers = Answers {
        times_us: Vec::new(),
        body_bytes: 0,
    };
    while start.elapsed() < load.time {
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer(&mut stream, &mut buffer));
        let body_bytes = answer.await.context("no answer in time")??;
        answers
            .times_us
            .push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        answers.body_bytes = body_bytes;
    }
    Ok(answers)
}

/// Reads one answer and throws it away; returns the length of its body.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<usize> {
    let mut filled = 0;
    let (head_bytes, body_bytes) = loop {
        let read = stream
            .read(buffer.get_mut(filled..).unwrap_or_default())
            .await?;
        ensure!(read > 0, "the server closed the connection");
        filled += read;
        let have = buffer.get(..filled).unwrap_or_default();
        if let Some(end) = find(have, b"\r\n\r\n") {
            let head = have.get(..end).unwrap_or_default();
            break (end + 4, body_length(head)?);
        }
        ensure!(filled < HEAD_BYTES_MAX, "the answer's head has no end");
    };
    let mut left = (head_bytes + body_bytes).saturating_sub(filled);
    while left > 0 {
        let most = left.min(buffer.len());
        let read = stream
            .read(buffer.get_mut(..most).unwrap_or_default())
            .await?;
        ensure!(read > 0, "the answer ends early");
        left -= read;
    }
    Ok(body_bytes)
}

fn body_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if status.contains(" 304") {
        return Ok(0);
    }
    ensure!(status.contains(" 200"), "answered {status}");
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return value.trim().parse().context("a length that is no number");
        }
    }
    bail!("the answer has no Content-Length")
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn measured(connections: &[Answers], time: Duration, cpu: Option<Duration>) -> Measured {
    let mut times: Vec<u32> = connections
        .iter()
        .flat_map(|one| one.times_us.iter().copied())
        .collect();
    times.sort_unstable();
    let answers = times.len().max(1);
    let part = |per_cent: usize| {
        let index = (answers * per_cent / 100).min(answers - 1);
        times.get(index).map_or(f64::NAN, |&time| f64::from(time))
    };
    Measured {
        per_second: times.len() as f64 / time.as_secs_f64(),
        p50_us: part(50),
        p99_us: part(99),
        cpu_us: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / answers as f64),
        body_bytes: connections
            .iter()
            .map(|one| one.body_bytes)
            .max()
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::body_length;

    #[test]
    fn only_a_whole_200_has_a_length() {
        assert_eq!(
            body_length(b"HTTP/1.1 304 Not Modified\r\netag: \"a\"").ok(),
            Some(0)
        );
        assert_eq!(
            body_length(b"HTTP/1.1 200 OK\r\nContent-length: 12").ok(),
            Some(12)
        );
        assert!(body_length(b"HTTP/1.1 404 Not Found\r\ncontent-length: 12").is_err());
        assert!(body_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked").is_err());
    }
}
