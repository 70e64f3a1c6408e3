//! Secrets in the shapes in which tools have printed them.

use identity_base::Secret;
use identity_testkit::{LeakGuard, leak_guard};
use proptest::prelude::*;

use super::*;

/// Lines without any name of a secret, with `{}` for it, `{1}` and `{2}` for its halves where a tool has wrapped it.
const LINES: [&str; 24] = [
    "ERROR: it failed: {}",
    "sent {} away",
    "{}",
    "got \"{}\" back.",
    "it is '{}'.",
    "({}), [{}]",
    "<a>{}</a>",
    "x={}&y=1",
    "{\"value\": \"{}\"}",
    "b'{}'",
    "{}: it has expired",
    "the service said {}.",
    "https://localhost/?x={}&y=1",
    "https://login.microsoftonline.com/{}/oauth2/authorize",
    "https://host/{}?x=1#{}",
    "C:\\Users\\{}\\file",
    "/home/someone/.azure/{}/profile.json",
    "user:{}@host",
    "tenant 11111111-aaaa-4bbb-8ccc-222222222222/{}",
    "a line\n{}\nanother line",
    "it was {1}\n{2} that it sent",
    "it was {1}\r\n    {2}",
    "got\u{1b}[31m{}\u{1b}[0m",
    "AADSTS50000: {} Trace ID: 11111111-aaaa-4bbb-8ccc-222222222222",
];

/// The shapes, with `{}` for the secret, `{1}` and `{2}` for its halves.
const SHAPES: [&str; 37] = [
    r#"{"accessToken":"{}"}"#,
    r#"{ "accessToken" :  "{}", "x": 1 }"#,
    r#"{"error": "x", "refresh_token": "{}"#,
    r#"{\"accessToken\": \"{}\"}"#,
    "{'accessToken': '{}', 'expires': 1}",
    "{b'token': b'{}'}",
    "https://localhost/?access_token={}&state=1",
    "POST client_id=x&client_assertion={}&grant_type=y",
    "Authorization: Bearer {}",
    "authorization=Basic {}",
    "sent Bearer {} to the service",
    "token: {}",
    "token={}",
    "az login --client-secret {} --tenant x",
    "az login --password={}",
    "password:\n    {}",
    "accessToken: {1}\n{2}",
    "\"accessToken\": \"{1}\n{2}\"",
    "<Token>{}</Token>",
    r#"<S N="AccessToken">{}</S>"#,
    "Token            : {}\nExpiresOn : x",
    "secret = {\"value\": \"{}\"}",
    "clientSecret => '{}'",
    "Traceback: self.password = u'{}'",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",
    "https://x.blob.core.windows.net/?sv=2024&sig={}&se=2026",
    "https://localhost/?code={}9&state=1",
    "Cookie: esctx={}; x=1",
    "set-cookie: x=1; session={}",
    "x-functions-key: {}",
    "az login -u x -p {}",
    "http://user:{}@proxy.example:8080/",
    "connection_string: 'Server=x;Pwd={};'",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n{}",
    "\u{1b}[31mtoken=\u{1b}[0m{}",
    "x {} y",
];

fn filled(shape: &str, secret: &str) -> String {
    let (first, second) = secret.split_at(secret.len() / 2);
    shape
        .replace("{}", secret)
        .replace("{1}", first)
        .replace("{2}", second)
}

#[test]
fn no_shape_shows_a_secret() {
    leak_guard::run_sync(|guard: LeakGuard| {
        for (at, shape) in SHAPES.iter().enumerate() {
            let secret = guard.secret(&format!("shape {at}"));
            let text = filled(shape, secret.expose());
            let shown = excerpt(text.as_bytes()).unwrap();
            guard.check_text(shape, &shown);
            assert!(shown.contains(REDACTED), "{shape}: {shown}");
        }
    });
}

#[test]
fn a_name_is_enough_for_a_secret_that_looks_like_a_word() {
    for shape in SHAPES.iter().take(SHAPES.len() - 1) {
        if shape.contains("{1}") || shape.contains("Bearer") {
            continue;
        }
        let shown = excerpt_of(&filled(shape, "correcthorse")).unwrap();
        assert!(
            !shown.contains("correct") && shown.contains(REDACTED),
            "{shape}: {shown}"
        );
    }
}

#[test]
fn jwts_are_found_without_a_name() {
    let jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL3ZhdWx0In0.c2lnbmF0dXJl-_x";
    let (first, second) = jwt.split_at(60);
    for text in [
        format!("got {jwt} and more"),
        format!("got \"{jwt}\""),
        format!("got{jwt}"),
        format!("%22{jwt}%22"),
        format!("{first}\n  {second}\n"),
        format!("azsdk%{jwt}%1795533901"),
    ] {
        let shown = excerpt_of(&text).unwrap();
        assert!(
            !shown.contains("eyJ") && !shown.contains("c2ln") && !shown.contains("dmF1"),
            "{shown}"
        );
    }
}

#[test]
fn random_texts_are_found_without_a_name() {
    for secret in [
        "CNRYaGdkXwqBzLmNpRtVbHjKfDsWqZxCvBnMlKpO",
        "kQ8vT2mX9cL4wZ7rB1nY6dF3",
        "x8Q~abcDEF123ghiJKL456mnoPQR789stuVWX",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
        // Chunks of less than 20 characters, small letters, hexadecimal digits.
        "ab3Cd/9xQ2w.7Zk1Rt/4mNp8.vB5cD",
        "k7f2q9x4m1z8w3v6",
        "3fa85f64c7b94d02",
        "DEADBEEF00C0FFEE1234",
    ] {
        let shown = excerpt_of(&format!("sent {secret} away")).unwrap();
        assert_eq!(shown, format!("sent {REDACTED} away"));
    }
}

#[test]
fn what_helps_stays() {
    for text in [
        "ERROR: AADSTS500011: The resource principal named https://bad-scope.example was not found in the tenant named Lab.",
        "Trace ID: 11111111-aaaa-4bbb-8ccc-222222222222 Correlation ID: 33333333-DDDD-4EEE-8fff-444444444444 Timestamp: 2026-11-24 15:25:01Z",
        "ERROR: Subscription 'nosub' not found. Check the spelling and casing and try again.",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret is right, not its ID",
        "ERROR: Please specify only one of subscription and tenant, not both",
        "Run the command below to authenticate interactively; additional arguments may be added as needed: az logout az login",
        "az login --tenant \"11111111-aaaa-4bbb-8ccc-222222222222\" --scope \"https://vault.azure.net/.default\"",
        "ERROR: Unable to get authority configuration for https://localhost:8443/99999999-9999-9999-9999-999999999999. Authority would typically be in a format of",
        "https://login.microsoftonline.com/your_tenant Also please double check your tenant name or GUID is correct.",
        "To check existing issues, please visit: https://github.com/Azure/azure-cli/issues",
        "(AuthorizationFailed) The client does not have authorization to perform action. Code: AuthorizationFailed",
        "Certificate verification failed. This typically happens when using Azure CLI behind a proxy that intercepts traffic with a self-signed certificate.",
        "HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with url: /organizations/oauth2/v2.0/token",
        "<urllib3.connection.HTTPSConnection object at 0x7fd3c4b0a1d0>: Failed to establish a new connection: [Errno 111] Connection refused",
        "ERROR: unrecognized arguments: --claims-challenge",
        "not logged in, run `azd auth login` to login",
        "AADSTS50005: User tried to log in to a device from a platform that's currently not supported through Conditional Access policy",
        "AADSTS530084: Access has been blocked by conditional access token protection policy.",
        "ERROR: fetching token: failed to authenticate: (invalid_grant) AADSTS70043: The refresh token has expired or is invalid",
        "Get-AzAccessToken: The term 'Get-AzAccessToken' is not recognized as a name of a cmdlet, function, script file, or executable program.",
        "Import-Module : The specified module 'Az.Accounts' was not loaded because no valid module file was found in any module directory.",
        "CategoryInfo : CloseError: (:) [Connect-AzAccount], AuthenticationFailedException",
        "WARNING: Unable to acquire token for tenant 'organizations' with error 'SharedTokenCacheCredential authentication unavailable.'",
        "/opt/az/lib/python3.12/site-packages/msal/application.py",
        "C:\\Program Files\\Microsoft SDKs\\Azure\\CLI2\\wbin",
        "status code: 401, exit code 9009, error code: invalid_grant",
        "AADSTS700082: The refresh token has expired due to inactivity.",
        "HTTPSConnectionPool(host='localhost', port=8443): CERTIFICATE_VERIFY_FAILED",
        "azure.core.exceptions.ManagedIdentityCredentialUnavailableException in DefaultAzureCredentialOptions",
        "/usr/lib/python3.11/site-packages/azure/cli/core/Azure2Stack2/long1/path",
    ] {
        assert_eq!(
            excerpt_of(text).unwrap(),
            Foreign::new(text, MAX_EXCERPT_BYTES).to_string()
        );
    }
}

#[test]
fn an_excerpt_is_one_short_escaped_line() {
    assert_eq!(excerpt_of(" \n\t "), None);
    assert_eq!(excerpt(b""), None);
    assert_eq!(excerpt_of("a\r\n  b\n\nc").unwrap(), "a b c");
    assert_eq!(excerpt(b"caf\xe9 \x07").unwrap(), "caf\u{fffd} \\u{7}");
    let long = excerpt_of(&"word ".repeat(100_000)).unwrap();
    assert!(long.len() <= MAX_EXCERPT_BYTES && long.ends_with('…'));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("tökén".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(excerpt(&utf16).unwrap(), "tökén");
    assert_eq!(excerpt(&utf16[2..]).unwrap(), "tökén");
}

#[test]
fn a_value_that_the_cut_goes_through_is_not_shown() {
    let secret = Secret::new("CNRY".repeat(10));
    for lead in MAX_LOOKED_AT_BYTES - 60..MAX_LOOKED_AT_BYTES + 10 {
        let text = format!("{}\"token\": \"{}\"", "\n".repeat(lead), secret.expose());
        let shown = excerpt_of(&text).unwrap_or_default();
        assert!(!shown.contains("CNRY"), "{lead}: {shown}");
    }
}

#[test]
fn hostile_texts_take_no_long_time() {
    // Each of these would be slow if anything looked back or ahead without a limit.
    for text in [
        "token ".repeat(3000),
        "token=".repeat(3000),
        "eyJ".repeat(6000),
        "\"token\": \"".repeat(2000),
        "a\n".repeat(8000),
        "https://a/".repeat(2000),
        "://@".repeat(4000),
        "-----BEGIN ".repeat(1500),
        "a/\n".repeat(6000),
    ] {
        drop(excerpt_of(&text));
    }
}

/// What secrets are written in.
#[derive(Clone, Copy, Debug)]
enum Alphabet {
    Base64,
    Base64Url,
    Hexadecimal,
    CapitalHexadecimal,
    Base32,
    Base36,
    /// As Entra's client secrets are.
    Dotted,
    Percent,
}

impl Alphabet {
    fn letters(self) -> Vec<char> {
        let (small, large, digits) = ('a'..='z', 'A'..='Z', '0'..='9');
        match self {
            Self::Base64 => small.chain(large).chain(digits).chain(['+', '/']).collect(),
            Self::Base64Url => small.chain(large).chain(digits).chain(['-', '_']).collect(),
            Self::Hexadecimal => digits.chain('a'..='f').collect(),
            Self::CapitalHexadecimal => digits.chain('A'..='F').collect(),
            Self::Base32 => large.chain('2'..='7').collect(),
            Self::Base36 => small.chain(digits).collect(),
            Self::Dotted => small
                .chain(large)
                .chain(digits)
                .chain(['.', '.', '~', '-', '_'])
                .collect(),
            Self::Percent => large.chain(digits.clone()).chain(digits).chain(['%']).collect(),
        }
    }
}

fn secrets() -> impl Strategy<Value = String> {
    use Alphabet::{Base32, Base36, Base64, Base64Url, CapitalHexadecimal, Dotted, Hexadecimal, Percent};
    let alphabet = prop::sample::select(vec![
        Base64,
        Base64Url,
        Hexadecimal,
        CapitalHexadecimal,
        Base32,
        Base36,
        Dotted,
        Percent,
    ]);
    alphabet.prop_flat_map(|alphabet| {
        prop::collection::vec(prop::sample::select(alphabet.letters()), 16..90)
            .prop_map(|letters| letters.into_iter().collect())
    })
}

/// Whether as much of a secret is shown as could be of use.
fn is_shown(secret: &str, text: &str) -> bool {
    secret
        .as_bytes()
        .windows(6)
        .any(|part| text.as_bytes().windows(6).any(|shown| shown == part))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_secret_is_shown_wherever_it_stands(secret in secrets(), line in prop::sample::select(LINES.to_vec())) {
        let text = filled(line, &secret);
        let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for output in [text.as_bytes(), &utf16] {
            let shown = excerpt(output).unwrap();
            prop_assert!(!is_shown(&secret, &shown), "{}: {}", text, shown);
        }
    }

    #[test]
    fn no_named_secret_is_shown(secret in secrets(), shape in prop::sample::select(SHAPES.to_vec())) {
        let text = filled(shape, &secret);
        let shown = excerpt_of(&text).unwrap();
        prop_assert!(!is_shown(&secret, &shown), "{}: {}", text, shown);
    }

    #[test]
    fn no_text_panics_or_grows(text in "\\PC{0,80}|(token|secret|[ :='\"\\\\{}<>\n]|eyJ|é){0,40}") {
        let shown = excerpt_of(&text).unwrap_or_default();
        prop_assert!(shown.len() <= MAX_EXCERPT_BYTES);
    }

    #[test]
    fn bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(excerpt(&bytes));
    }
}
