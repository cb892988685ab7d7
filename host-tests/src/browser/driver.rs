//! A session with one window.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::wire::command;

/// The name that WebDriver gives references to elements (§12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Until something that a page does by itself must have happened.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How the page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Pixels of the picture for each CSS pixel.
    pub scale: u32,
    /// Touch and a viewport as on a phone.
    pub phone: bool,
    /// What `prefers-color-scheme` says.
    pub dark: bool,
    /// What `prefers-reduced-motion` says.
    pub still: bool,
}

impl Look {
    /// On a desk.
    pub const WIDE: Self = Self {
        width: 1280,
        height: 900,
        scale: 1,
        phone: false,
        dark: false,
        still: false,
    };
    /// In a hand.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        phone: true,
        ..Self::WIDE
    };

    /// The same at night.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

/// A browser that ends when this is dropped.
pub struct Browser {
    // Ends with this.
    _driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts one with an empty profile.
    ///
    /// # Errors
    /// Where chromium or chromedriver is missing or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("can't start chromedriver: install Debian's chromium-driver")?;
        let port = port(&mut driver).await?;
        let profile = std::env::temp_dir().join(format!("edgefold-browser-{port}"));
        std::fs::create_dir_all(&profile)?;
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Self {
            _driver: driver,
            port,
            session: String::new(),
            profile,
        };
        let session = command(port, Method::POST, "/session", Some(&wanted)).await?;
        browser.session = text(&session["sessionId"]);
        Ok(browser)
    }

    /// A command of the session.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let path = format!("/session/{}{path}", self.session);
        command(self.port, Method::POST, &path, Some(&body)).await
    }

    /// A command of the DevTools protocol.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn devtools(&self, name: &str, parameters: Value) -> anyhow::Result<Value> {
        let body = json!({ "cmd": name, "params": parameters });
        self.post("/goog/cdp/execute", body).await
    }

    /// Size, colours and motion from now on.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn look(&self, look: Look) -> anyhow::Result<()> {
        let size = json!({
            "width": look.width, "height": look.height, "mobile": look.phone, "deviceScaleFactor": look.scale,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let colours = if look.dark { "dark" } else { "light" };
        let motion = if look.still {
            "reduce"
        } else {
            "no-preference"
        };
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": colours },
            { "name": "prefers-reduced-motion", "value": motion },
        ] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    /// Opens `url` and waits until it is loaded.
    ///
    /// # Errors
    /// Where it can't be.
    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        self.post("/url", json!({ "url": url })).await.map(drop)
    }

    /// `back`, `forward` or `refresh`.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn history(&self, step: &str) -> anyhow::Result<()> {
        self.post(&format!("/{step}"), json!({})).await.map(drop)
    }

    /// The value of the body of a function run in the page.
    ///
    /// # Errors
    /// Where it throws.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
            .await
    }

    /// Waits until an expression is truthy in the page.
    ///
    /// # Errors
    /// Where it does not become so.
    pub async fn until(&self, expression: &str) -> anyhow::Result<()> {
        let script = format!("return Boolean({expression})");
        let start = std::time::Instant::now();
        while start.elapsed() < PATIENCE {
            if self.run(&script).await? == true {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        bail!("it never came true: {expression}")
    }

    /// Waits for an element, moves the mouse onto it, rests there, and clicks it, with the button down for `down`.
    ///
    /// # Errors
    /// Where there is no such element.
    pub async fn click(&self, css: &str, rest: Duration, down: Duration) -> anyhow::Result<()> {
        let quoted = Value::from(css);
        self.until(&format!("document.querySelector({quoted})"))
            .await?;
        let found = format!(
            "const found = document.querySelector({quoted}); \
             found.scrollIntoView({{ block: 'center', behavior: 'instant' }}); return found"
        );
        let element = self.run(&found).await?;
        let id = text(&element[ELEMENT]);
        let pause =
            |time: Duration| json!({ "type": "pause", "duration": time.as_millis() as u64 });
        let steps = json!([
            { "type": "pointerMove", "duration": 0, "origin": { ELEMENT: id }, "x": 0, "y": 0 },
            pause(rest),
            { "type": "pointerDown", "button": 0 },
            pause(down),
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": steps,
        });
        self.post("/actions", json!({ "actions": [mouse] }))
            .await
            .map(drop)
    }

    /// Types keys, one after another.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        let mut steps = Vec::new();
        for key in keys.chars() {
            steps.push(json!({ "type": "keyDown", "value": key.to_string() }));
            steps.push(json!({ "type": "keyUp", "value": key.to_string() }));
        }
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": steps });
        self.post("/actions", json!({ "actions": [keyboard] }))
            .await
            .map(drop)
    }

    /// What is seen, as PNG.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let path = format!("/session/{}/screenshot", self.session);
        let picture = command(self.port, Method::GET, &path, None).await?;
        Ok(STANDARD.decode(text(&picture))?)
    }

    /// What the page complained about since the last call: errors of scripts, of the content security policy, of loading.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await?;
        let entries = log.as_array().cloned().unwrap_or_default();
        Ok(entries
            .iter()
            .map(|entry| text(&entry["message"]))
            .collect())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Else chromium would outlive its driver. What is left over lies in the folder for temporary files.
        let _ = self.end();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

impl Browser {
    /// Ends the session and waits until that is done. Without a runtime, because it runs while tests fail.
    fn end(&self) -> std::io::Result<()> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (session, port) = (&self.session, self.port);
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

/// The port that chromedriver has chosen: it says so.
async fn port(driver: &mut Child) -> anyhow::Result<u16> {
    let output = driver.stdout.take().context("chromedriver has an output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let Some((_, port)) = line.split_once("started successfully on port ") else {
            continue;
        };
        // Read on, so that it is never stopped by a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        return Ok(port.trim_end_matches('.').trim().parse()?);
    }
    bail!("chromedriver ended before it was ready")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
