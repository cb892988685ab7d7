//! The HTTP client port over `wasi:http/client`.

use std::pin::pin;
use std::time::Duration;

use edgefold::host::{HttpClient, HttpError, Incoming, Outgoing};
use futures_util::future::{Either, select};
use url::Position;
use wasip3::clocks::monotonic_clock;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Request, RequestOptions, Response, Scheme};
use wasip3::wit_bindgen::{StreamReader, StreamResult};
use wasip3::{wit_future, wit_stream};

/// Bytes asked of a body stream at once.
const READ_BYTES: usize = 64 * 1024;

/// The host's HTTP client.
#[derive(Default)]
pub(crate) struct WasiHttp;

impl HttpClient for WasiHttp {
    async fn send(&self, request: Outgoing) -> Result<Incoming, HttpError> {
        let timeout = u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX);
        // Dropping the exchange cancels the host's call and closes the body's stream.
        match select(
            pin!(exchange(request)),
            pin!(monotonic_clock::wait_for(timeout)),
        )
        .await
        {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(HttpError::Timeout),
        }
    }
}

/// Reads `body` to its end, or until `bytes_max` are there. The flag tells whether the end was reached.
pub(crate) async fn read_to(mut body: StreamReader<u8>, bytes_max: usize) -> (Vec<u8>, bool) {
    let mut whole = Vec::new();
    while whole.len() < bytes_max {
        let room = READ_BYTES.min(bytes_max - whole.len());
        let (result, chunk) = body.read(Vec::with_capacity(room)).await;
        whole.extend_from_slice(&chunk);
        if !matches!(result, StreamResult::Complete(_)) {
            return (whole, true);
        }
    }
    (whole, false)
}

async fn exchange(outgoing: Outgoing) -> Result<Incoming, HttpError> {
    let bytes_max = outgoing.body_bytes_max;
    let request = request(outgoing)?;
    let response = client::send(request).await.map_err(error)?;
    let status = http::StatusCode::from_u16(response.get_status_code())
        .map_err(|error| HttpError::Protocol(error.to_string()))?;
    let headers = response.get_headers().try_into().map_err(error)?;
    let (_, done) = wit_future::new(|| Ok(()));
    let (body, trailers) = Response::consume_body(response, done);
    let (body, ended) = read_to(body, bytes_max.saturating_add(1)).await;
    if !ended || body.len() > bytes_max {
        return Err(HttpError::TooLarge);
    }
    trailers.await.map_err(error)?; // tells a whole body from a broken one
    Ok(Incoming {
        status,
        headers,
        body: body.into(),
    })
}

fn request(outgoing: Outgoing) -> Result<Request, HttpError> {
    let refuse = |what: &str| HttpError::Protocol(format!("the host refuses the request's {what}"));
    let headers = Fields::try_from(outgoing.headers).map_err(|_| refuse("headers"))?;
    let contents = (!outgoing.body.is_empty()).then(|| {
        let (mut writer, reader) = wit_stream::new();
        wit_bindgen::spawn(async move {
            let _ = writer.write_all(outgoing.body.into()).await;
        });
        reader
    });
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let options = options(outgoing.timeout);
    let (request, _sent) = Request::new(headers, contents, no_trailers, Some(options));
    let url = &outgoing.url;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request
        .set_method(&(&outgoing.method).into())
        .map_err(|()| refuse("method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| refuse("scheme"))?;
    request
        .set_authority(Some(&url[Position::BeforeHost..Position::AfterPort]))
        .map_err(|()| refuse("authority"))?;
    request
        .set_path_with_query(Some(&url[Position::BeforePath..Position::AfterQuery]))
        .map_err(|()| refuse("path"))?;
    Ok(request)
}

fn options(timeout: Duration) -> RequestOptions {
    let options = RequestOptions::new();
    let nanos = u64::try_from(timeout.as_nanos()).ok();
    // A host may not support these; the clock above is what counts.
    let _ = options.set_connect_timeout(nanos);
    let _ = options.set_first_byte_timeout(nanos);
    let _ = options.set_between_bytes_timeout(nanos);
    options
}

fn error(code: ErrorCode) -> HttpError {
    match code {
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Timeout,
        ErrorCode::HttpResponseBodySize(_) => HttpError::TooLarge,
        ErrorCode::HttpRequestDenied => HttpError::Denied("not allowed".to_owned()),
        ErrorCode::DestinationIpProhibited => {
            HttpError::Denied("it is private, or the name of one that is".to_owned())
        }
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            HttpError::Connect("the name does not resolve".to_owned())
        }
        ErrorCode::ConnectionRefused => HttpError::Connect("connection refused".to_owned()),
        ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => HttpError::Connect(words(&code)),
        _ => HttpError::Protocol(words(&code)),
    }
}

/// `ErrorCode::HttpResponseIncomplete` as `HTTP response incomplete`, for people.
fn words(code: &ErrorCode) -> String {
    if let ErrorCode::InternalError(Some(text)) = code {
        return text.clone();
    }
    let debug = format!("{code:?}");
    let name = debug.trim_start_matches("ErrorCode::");
    let name = name.split(['(', ' ', '{']).next().unwrap_or(name);
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
