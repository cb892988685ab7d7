//! The floor of the benchmarks, through the same bindings as edgefold's component: what an answer costs in the host alone.
//!
//! Answers every request with one line. Where the variable `answer` is set, with that instead: lines of `name: value`, an
//! empty line, and the body; an answer of edgefold's in it shows what sending those headers and bytes costs.

use std::cell::OnceCell;

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_future, wit_stream};

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package bench:hello;
            world hello { import wasi:config/store@0.2.0-rc.1; }
        ",
        path: "../../../wit/deps/config",
        world: "bench:hello/hello",
        generate_all,
    });
}

/// The variable that replaces [`LINE`].
const ANSWER: &str = "answer";
const LINE: &str = "hello, world\n";

struct Answer {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

thread_local! {
    /// Asked for once an instance.
    static GIVEN: OnceCell<Answer> = const { OnceCell::new() };
}

impl Answer {
    fn given() -> Self {
        let text = bindings::wasi::config::store::get(ANSWER).ok().flatten();
        let text = text.unwrap_or_else(|| format!("content-length: {}\n\n{LINE}", LINE.len()));
        let (head, body) = text.split_once("\n\n").unwrap_or(("", &text));
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        Self {
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect(),
            body: body.into(),
        }
    }
}

struct Hello;

wasip3::http::service::export!(Hello);

impl wasip3::exports::http::handler::Guest for Hello {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let (headers, body) = GIVEN.with(|given| {
            let answer = given.get_or_init(Answer::given);
            (Fields::from_list(&answer.headers), answer.body.clone())
        });
        let headers = headers.map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
        let (mut writer, contents) = wit_stream::new();
        wit_bindgen::spawn(async move {
            // What is left over when the client has gone is of no use to anybody.
            let _left = writer.write_all(body).await;
        });
        let (_, no_trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(headers, Some(contents), no_trailers);
        Ok(response)
    }
}
