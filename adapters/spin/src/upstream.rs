//! `wasi:http@0.3` as an [`HttpClient`].

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use futures_util::StreamExt;
use futures_util::future::{self, Either};
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{self, FullBody};
use spin_sdk::time::sleep;
use spin_sdk::wasip3::http::types::ErrorCode;

/// Spin's outbound HTTP. What it may reach is `allowed_outbound_hosts` in `spin.toml`.
pub(crate) struct Client;

impl HttpClient for Client {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let time_out = pin!(sleep(request.timeout));
        let answer = pin!(exchange(request));
        match future::select(answer, time_out).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(HttpError::Timeout),
        }
    }
}

async fn exchange(request: Outgoing) -> Result<Incoming, HttpError> {
    let bytes_max = request.body_bytes_max;
    let mut outgoing = ::http::Request::builder()
        .method(request.method)
        .uri(request.url.as_str())
        .body(FullBody::new(request.body))
        .map_err(|error| HttpError::Protocol(error.to_string()))?;
    *outgoing.headers_mut() = request.headers;
    let (parts, body) = http::send(outgoing).await.map_err(refused)?.into_parts();
    let mut body = body.stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk: Bytes = chunk.map_err(refused)?;
        if whole.len() + chunk.len() > bytes_max {
            return Err(HttpError::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Incoming {
        status: parts.status,
        headers: parts.headers,
        body: whole.freeze(),
    })
}

fn refused(error: ErrorCode) -> HttpError {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => HttpError::Denied(
            "not in `allowed_outbound_hosts` of spin.toml, or blocked by the runtime".into(),
        ),
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Timeout,
        ErrorCode::HttpResponseBodySize(_) => HttpError::Protocol("wrong content-length".into()),
        ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTerminated
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => HttpError::Connect(error.to_string()),
        other => HttpError::Protocol(other.to_string()),
    }
}
