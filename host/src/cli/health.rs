//! `edgefold health`: for a container's health check, where there is no shell and no curl.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

/// Time to connect, and for each read and write.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of the answer that are looked at: its status line is at the beginning.
const HEAD_BYTES_MAX: u64 = 256;
const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const UNHEALTHY: u8 = 1;

/// Options of `health`.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where `edgefold up` listens
    #[arg(default_value = "127.0.0.1:3000")]
    address: SocketAddr,
}

impl Health {
    pub(crate) fn run(self) -> ExitCode {
        let status = match ask(self.address) {
            Ok(status) => status,
            Err(error) => {
                eprintln!("edgefold: {} does not answer: {error}", self.address);
                return ExitCode::from(UNHEALTHY);
            }
        };
        if status.starts_with("HTTP/1.1 200 ") {
            return ExitCode::SUCCESS;
        }
        eprintln!("edgefold: {} answers {status}", self.address);
        ExitCode::from(UNHEALTHY)
    }
}

/// The status line.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(REQUEST)?;
    let mut head = Vec::new();
    stream.take(HEAD_BYTES_MAX).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.lines().next().unwrap_or_default().to_owned())
}
