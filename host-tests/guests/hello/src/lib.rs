//! Answers every request with one line, through the same bindings as edgefold's component: what an answer costs in the
//! host alone.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_future, wit_stream};

const LINE: &[u8] = b"hello, world\n";

struct Hello;

wasip3::http::service::export!(Hello);

impl wasip3::exports::http::handler::Guest for Hello {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let length = (
            "content-length".to_owned(),
            LINE.len().to_string().into_bytes(),
        );
        let headers = Fields::from_list(&[length])
            .map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
        let (mut writer, body) = wit_stream::new();
        wit_bindgen::spawn(async move {
            // What is left over when the client has gone is of no use to anybody.
            let _left = writer.write_all(LINE.to_vec()).await;
        });
        let (_, no_trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(headers, Some(body), no_trailers);
        Ok(response)
    }
}
