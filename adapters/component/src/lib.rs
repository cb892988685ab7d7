//! edgefold as a component for any host of the world `edgefold:host/aggregator` (`wit/world.wit`).
//!
//! Maps the bindings to the ports of [`edgefold::host`] and takes no decision. Instances are reused and serve several
//! requests at once. Between requests they keep stored values that need not be copied in again while the host says that
//! they are unchanged (`store.rs`), and nothing that makes an answer another one.

mod bindings;
mod outgoing;
mod ports;
mod store;

use bytes::Bytes;
use edgefold::host::{Level, Log};
use edgefold::serve::{self, REQUEST_BODY_BYTES_MAX};
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_future, wit_stream};

/// The compiled configuration that `build.rs` has baked in.
const DEFAULT_CONFIG: &str = include_str!(concat!(env!("OUT_DIR"), "/edgefold.config.json"));

struct Component;

impl bindings::exports::wasi::http::handler::Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let request = receive(request).await?;
        let host = ports::Wasi::default();
        let response = serve::handle(&host, DEFAULT_CONFIG, request).await;
        send(host, response)
    }
}

/// Reads the whole request; its body to one byte over the limit, which the logic answers with 413.
async fn receive(request: Request) -> Result<http::Request<Bytes>, ErrorCode> {
    let internal = |error: &dyn ToString| ErrorCode::InternalError(Some(error.to_string()));
    let method: http::Method = request.get_method().try_into().map_err(|e| internal(&e))?;
    let path = request
        .get_path_with_query()
        .filter(|path| !path.is_empty());
    let mut whole = http::Request::builder()
        .method(method)
        .uri(path.as_deref().unwrap_or("/"))
        .body(Bytes::new())
        .map_err(|e| internal(&e))?;
    *whole.headers_mut() = request.get_headers().try_into()?;
    // The host takes `Host` out of the headers and tells the authority instead.
    if let Some(authority) = request.get_authority() {
        let authority = authority.try_into().map_err(|e| internal(&e))?;
        whole.headers_mut().insert(http::header::HOST, authority);
    }
    if without_body(&whole) {
        return Ok(whole);
    }
    // Dropping the writer tells the host that nothing went wrong here.
    let (_, done) = wit_future::new(|| Ok(()));
    let (body, _trailers) = Request::consume_body(request, done);
    let (body, _) = outgoing::read_to(body, REQUEST_BODY_BYTES_MAX + 1).await;
    Ok(whole.map(|_| body.into()))
}

/// Whether there is nothing to read, which is so for almost every request: a read that finds that out is a round trip.
fn without_body(request: &http::Request<Bytes>) -> bool {
    let (method, headers) = (request.method(), request.headers());
    let framed = [
        http::header::CONTENT_LENGTH,
        http::header::TRANSFER_ENCODING,
    ];
    (method == http::Method::GET || method == http::Method::HEAD)
        && !framed.iter().any(|name| headers.contains_key(name))
}

/// Hands the answer over: the head at once, the body as the host takes it. What is there comes in one piece: each write to a
/// stream is a round trip to the host, which costs more than copying a page. What is still to be read is read between writes.
fn send(host: ports::Wasi, response: http::Response<serve::Body>) -> Result<Response, ErrorCode> {
    let internal = |error: String| ErrorCode::InternalError(Some(error));
    let (parts, mut body) = response.into_parts();
    let fields: Vec<(String, Vec<u8>)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_owned()))
        .collect();
    let headers = Fields::from_list(&fields).map_err(|error| internal(error.to_string()))?;
    // Dropping its writer says that the body was sent, without trailers.
    let (end, ended) = wit_future::new(|| Ok(None));
    let contents = (!body.is_empty()).then(|| {
        let (mut writer, reader) = wit_stream::new();
        let end = (!body.is_whole()).then_some(end);
        wit_bindgen::spawn(async move {
            while let Some(piece) = body.next(&host).await {
                let broken = match piece {
                    Ok(piece) => {
                        if writer.write_all(piece.into()).await.is_empty() {
                            continue;
                        }
                        // What is left over when the client has gone is of no use to anybody.
                        return;
                    }
                    Err(broken) => broken.to_string(),
                };
                host.log(Level::Error, &broken);
                drop(writer);
                if let Some(end) = end {
                    let _ = end.write(Err(internal(broken))).await;
                }
                return;
            }
        });
        reader
    });
    let (response, _sent) = Response::new(headers, contents, ended);
    // It is 200 as it is made, and each call of the host has its price.
    if parts.status != http::StatusCode::OK {
        response
            .set_status_code(parts.status.as_u16())
            .map_err(|()| internal(format!("status {}", parts.status)))?;
    }
    Ok(response)
}
