//! What the browser shows at the end. All pages are static: nothing that a caller sent is ever repeated.

use std::fmt;

use identity_base::{Error, ErrorKind};
use identity_runtime::crypto::{base64, sha256};

/// The longest page that a program may set.
const MAX_PAGE_BYTES: usize = 256 * 1024;
/// The style of our own pages; the policy allows it by its hash.
const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;color-scheme:light dark;color:CanvasText;background:Canvas}\
main{max-width:34rem;margin:15vh auto 0;padding:0 1.5rem}h1{font-size:1.6rem;margin:0 0 1rem}p{margin:0 0 1rem}";

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The sign-in is complete.
    Success,
    /// It failed.
    Failure,
    /// A code came in an address.
    Warning,
    /// Nothing to be seen here.
    Nothing,
}

/// The pages of one credential.
pub(super) struct Pages {
    success: String,
    failure: String,
}

impl Pages {
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for a page that is empty or longer than 256 KiB.
    pub(super) fn new(success: Option<String>, failure: Option<String>) -> Result<Self, Error> {
        for page in [&success, &failure].into_iter().flatten() {
            if page.is_empty() || page.len() > MAX_PAGE_BYTES {
                return Err(Error::new(
                    ErrorKind::InvalidConfiguration,
                    format!(
                        "a page of {} bytes can't be shown; the limit is {MAX_PAGE_BYTES}",
                        page.len()
                    ),
                ));
            }
        }
        // A program's own page may bring its style and pictures, nothing that runs or calls out.
        let own = |html: String| answer("200 OK", "style-src 'unsafe-inline'; img-src data:", &html);
        Ok(Self {
            success: success.map_or_else(
                || {
                    ours(
                        "200 OK",
                        "Signed in",
                        "<p>You are signed in. You can close this window and return to the program.</p>",
                    )
                },
                own,
            ),
            failure: failure.map_or_else(
                || {
                    ours(
                        "200 OK",
                        "Not signed in",
                        "<p>The sign-in did not succeed. Return to the program: it says what happened. Then you can close this window.</p>",
                    )
                },
                own,
            ),
        })
    }

    /// The whole answer, head included.
    pub(super) fn answer(&self, page: Page) -> String {
        match page {
            Page::Success => self.success.clone(),
            Page::Failure => self.failure.clone(),
            Page::Warning => ours(
                "400 Bad Request",
                "Do not share this address",
                "<p>The address of this page holds a code that signs in as you. Do not copy it, and do not send it to anybody, \
                 whoever asks for it.</p><p>If you did not start a sign-in yourself, close this window.</p>",
            ),
            Page::Nothing => ours(
                "404 Not Found",
                "Nothing here",
                "<p>This address waits for a sign-in to complete. Continue in the window where you began.</p>",
            ),
        }
    }
}

fn ours(status: &str, title: &str, text: &str) -> String {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{text}</main></body></html>\n"
    );
    let style = format!("style-src 'sha256-{}'", base64(&sha256(STYLE.as_bytes())));
    answer(status, &style, &html)
}

fn answer(status: &str, allowed: &str, html: &str) -> String {
    let length = html.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Content-Security-Policy: default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
         Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{html}"
    )
}

/// An answer without a page.
pub(super) fn empty(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_whole_and_load_nothing() {
        let pages = Pages::new(None, None).unwrap();
        for page in [Page::Success, Page::Failure, Page::Warning, Page::Nothing] {
            let answer = pages.answer(page);
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("Content-Length: {}", body.len())),
                "{page:?}"
            );
            assert!(
                head.contains("default-src 'none'") && head.contains("no-store") && head.contains("nosniff")
            );
            assert!(head.contains("Referrer-Policy: no-referrer") && head.contains("Connection: close"));
            for outside in ["http://", "https://", "src=", "href=", "<script", "url("] {
                assert!(!body.contains(outside), "{page:?} {outside}");
            }
            assert!(body.starts_with("<!DOCTYPE html><html lang=\"en\">") && body.contains("<main><h1>"));
        }
        assert_eq!(
            pages.answer(Page::Success),
            Pages::new(None, None).unwrap().answer(Page::Success)
        );
    }

    #[test]
    fn own_pages_are_shown_as_they_are() {
        let pages = Pages::new(Some("<p>hello</p>".to_owned()), None).unwrap();
        assert!(pages.answer(Page::Success).ends_with("\r\n\r\n<p>hello</p>"));
        assert!(!pages.answer(Page::Success).contains("script-src"));
        assert!(pages.answer(Page::Failure).contains("Not signed in"));
        assert!(Pages::new(Some(String::new()), None).is_err());
        assert!(Pages::new(None, Some("x".repeat(MAX_PAGE_BYTES + 1))).is_err());
    }
}
