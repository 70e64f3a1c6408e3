//! What a browser does, and who else may call.

use std::time::Duration;

use form_urlencoded::Serializer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::World;

/// The page that the browser was sent to.
pub(crate) struct Page {
    url: String,
    pub(crate) port: u16,
    pub(crate) path: String,
}

impl Page {
    /// Waits until the browser was opened.
    pub(crate) async fn opened(world: &World) -> Self {
        let count = world.browser.urls().len().max(1);
        world.browser.opened(count).await;
        Self::of(world.browser.urls().last().unwrap())
    }

    pub(crate) fn of(url: &str) -> Self {
        let mut page = Self {
            url: url.to_owned(),
            port: 0,
            path: String::new(),
        };
        let redirect = page.value("redirect_uri");
        let rest = redirect.split_once("://").unwrap().1;
        let (origin, path) = rest
            .split_once('/')
            .map_or_else(|| (rest, String::from("/")), |(o, p)| (o, format!("/{p}")));
        page.port = origin.rsplit_once(':').unwrap().1.parse().unwrap();
        page.path = path;
        page
    }

    pub(crate) fn value(&self, name: &str) -> String {
        let query = self.url.split_once('?').unwrap().1;
        form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
            .unwrap_or_default()
    }

    /// The form that the authority posts.
    pub(crate) fn answer(&self, code: &str) -> String {
        form(&[
            ("code", code),
            ("state", &self.value("state")),
            ("session_state", "x"),
        ])
    }

    /// Posts a form as the authority's page does; the answer.
    pub(crate) async fn post(&self, body: &str) -> String {
        self.send(&self.posting(body)).await
    }

    pub(crate) fn posting(&self, body: &str) -> String {
        format!(
            "POST {} HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: https://login.microsoftonline.com\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.path,
            self.port,
            body.len()
        )
    }

    pub(crate) async fn get(&self, target: &str) -> String {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
            self.port
        ))
        .await
    }

    pub(crate) async fn send(&self, request: &str) -> String {
        talk(&format!("127.0.0.1:{}", self.port), request.as_bytes()).await
    }
}

/// Sends bytes and reads to the end; what came until then when the connection breaks.
pub(crate) async fn talk(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    if stream.write_all(request).await.is_ok() {
        let _ended = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8(answer).unwrap()
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Real time is allowed here: the requirement is that real sockets are served in bounded time.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(limit, future).await.expect("in time")
}
