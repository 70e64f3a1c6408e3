//! A program on the umbrella crate with a single feature, and so without the built-in transport: it brings its own.
#![expect(clippy::print_stdout, reason = "a program that says that it worked")]

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use entra_identity::seam::{HttpClient, HttpError, HttpRequest, HttpResponse};
use entra_identity::{Authority, BoxFuture, ClientOptions, ClientSecretCredential, TokenCredential};
use http::{HeaderMap, StatusCode};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
const ANSWER: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"from-the-transport"}"#;

/// A transport that answers everything with a token and keeps what it was asked.
#[derive(Debug, Default)]
struct Canned(Mutex<Vec<(String, String)>>);

impl HttpClient for Canned {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let seen = (
            request.uri.to_string(),
            String::from_utf8_lossy(&request.body).into_owned(),
        );
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        Box::pin(async { Ok(HttpResponse::new(StatusCode::OK, HeaderMap::new(), ANSWER)) })
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let transport = Arc::new(Canned::default());
    let options = ClientOptions::default()
        .with_authority(Authority::public())
        .with_transport(Arc::clone(&transport) as Arc<dyn HttpClient>);
    let credential = ClientSecretCredential::builder(TENANT, CLIENT, "s3cret&=%")
        .with_options(&options)
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let token = runtime.block_on(credential.get_token(&["https://management.azure.com/.default"]))?;

    assert_eq!(token.secret(), "from-the-transport");
    let requests = transport.0.lock().unwrap_or_else(PoisonError::into_inner);
    let [(uri, form)] = requests.as_slice() else {
        return Err(format!("{} requests", requests.len()).into());
    };
    assert_eq!(
        *uri,
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert!(form.contains("grant_type=client_credentials") && form.contains("client_secret=s3cret%26%3D%25"));
    println!("umbrella-confidential: a token came through a transport of the program's own");
    Ok(())
}
