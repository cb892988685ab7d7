//! edgefold beside other routes of an axum program.
//!
//! ```sh
//! cargo xtask build component
//! cargo run --package embed-axum -- 127.0.0.1:3000 edgefold.toml
//! ```
//!
//! Arguments: where to listen, the configuration, and private addresses (like `127.0.0.1:8080`) that sources may be at.

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::routing::get;
use edgefold_host::EdgefoldHost;
use edgefold_host::schedule::Schedule;
use edgefold_host::up::find_component;
use tokio::net::TcpListener;

const TITLES_BYTES_MAX: usize = 1 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().context("where to listen?")?;
    let config = arguments.next().context("which configuration?")?;

    // Items are kept in memory here: `.kv(…)` gives it a store that outlives the program.
    let schedule = Schedule::random()?;
    let edgefold = EdgefoldHost::builder()
        .component(find_component()?)
        .configuration(std::fs::read_to_string(&config).context(config)?)
        .outbound(
            arguments
                .map(|rule| rule.parse())
                .collect::<Result<_, _>>()?,
        )
        .schedule(&schedule)
        .build()
        .await?;
    let host = edgefold.clone();
    tokio::spawn(async move { schedule.run(&host).await });

    let listener = TcpListener::bind(listen).await?;
    println!("ready http://{}", listener.local_addr()?);
    axum::serve(listener, app(edgefold))
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    Ok(())
}

/// This program's own routes come first; whatever they are not is edgefold's: its pages name each other by absolute paths.
fn app(edgefold: EdgefoldHost) -> Router {
    let site = edgefold.clone();
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/titles", get(titles))
        .with_state(edgefold)
        .fallback(async move |request: Request| site.handle(request).await)
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!\n")
}

/// The newest titles as text: a route that asks edgefold, without a socket in between.
async fn titles(State(edgefold): State<EdgefoldHost>) -> Result<String, StatusCode> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = axum::http::Uri::from_static("/api/items?limit=5");
    let answer = edgefold.handle(request).await;
    if answer.status() != StatusCode::OK {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let body = axum::body::to_bytes(Body::new(answer.into_body()), TITLES_BYTES_MAX)
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    let page: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_GATEWAY)?;
    let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
    let titles = items.iter().filter_map(|item| item["title"].as_str());
    Ok(titles.map(|title| format!("{title}\n")).collect())
}
