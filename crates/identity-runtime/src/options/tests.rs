//! Options, their defaults, and the client behind them.

use super::*;
use identity_base::ErrorKind;
use identity_base::seam::{HttpErrorKind, HttpRequest};
use identity_testkit::{HttpStep, ScriptedHttp, block_on, env};

fn get(options: &ClientOptions) -> Result<u16, HttpErrorKind> {
    let request = HttpRequest::get(::http::Uri::from_static("https://h.invalid/"));
    let answer = block_on(async { options.http().send(request).await });
    answer
        .map(|answer| answer.status.as_u16())
        .map_err(|error| error.kind)
}

#[test]
fn the_authority_comes_from_code_then_environment_then_the_public_cloud() {
    let options = ClientOptions::default().with_env(Arc::new(env([(
        "AZURE_AUTHORITY_HOST",
        "login.microsoftonline.us",
    )])));
    assert_eq!(options.authority().unwrap(), Authority::us_government());
    assert_eq!(
        options.with_authority(Authority::china()).authority().unwrap(),
        Authority::china()
    );
    let empty = ClientOptions::default().with_env(Arc::new(env([("AZURE_AUTHORITY_HOST", "")])));
    assert_eq!(empty.authority().unwrap(), Authority::public());
    let wrong = ClientOptions::default().with_env(Arc::new(env([("AZURE_AUTHORITY_HOST", "http://h")])));
    let error = wrong.authority().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    assert!(error.message().starts_with("AZURE_AUTHORITY_HOST: "), "{error}");
    assert!(wrong.validate().is_err());
}

#[test]
fn application_ids_and_roots_are_checked() {
    let with = |id: &str| {
        ClientOptions::default()
            .with_env(Arc::new(env([("A", "b")])))
            .with_application_id(id)
            .validate()
    };
    assert!(with("backup job/1.0").is_ok());
    for bad in ["", "a\nb", "é", &"x".repeat(65)] {
        assert_eq!(
            with(bad).unwrap_err().kind(),
            ErrorKind::InvalidConfiguration,
            "{bad:?}"
        );
    }
}

#[cfg(feature = "hyper")]
#[test]
fn a_root_that_is_no_certificate_fails_early_and_late() {
    let options = ClientOptions::default().with_extra_roots(&b"no certificate"[..]);
    assert_eq!(
        options.validate().unwrap_err().kind(),
        ErrorKind::InvalidConfiguration
    );
    assert_eq!(get(&options), Err(HttpErrorKind::Unsupported));
}

#[cfg(feature = "hyper")]
#[test]
fn roots_are_text_or_bytes() {
    let text = "no certificate";
    let (owned, bytes) = (text.to_owned(), text.as_bytes().to_vec());
    let options = ClientOptions::default;
    for options in [
        options().with_extra_roots(text),
        options().with_extra_roots(owned),
        options().with_extra_roots(bytes),
        options().with_extra_roots(Arc::<[u8]>::from(text.as_bytes())),
    ] {
        // They arrive: a client that has them can't be made.
        assert_eq!(
            options.validate().unwrap_err().kind(),
            ErrorKind::InvalidConfiguration
        );
    }
}

#[test]
fn the_given_client_is_asked_first() {
    let http = ScriptedHttp::new()
        .then(HttpStep::status(204))
        .then(HttpStep::fails_after_sending(HttpErrorKind::Reset));
    let options = ClientOptions::default().with_transport(Arc::new(http.clone()));
    assert_eq!(get(&options), Ok(204));
    assert_eq!(
        get(&options),
        Err(HttpErrorKind::Reset),
        "no other client repeats what may have been sent"
    );
    http.assert_done();
}

#[cfg(feature = "hyper")]
#[test]
fn what_the_given_client_does_not_support_goes_to_the_built_in_one() {
    use identity_testkit::ScriptedResolver;
    let resolver = ScriptedResolver::new();
    let http = ScriptedHttp::new().then(HttpStep::fails_before_sending(HttpErrorKind::Unsupported));
    let options = ClientOptions::default()
        .with_env(Arc::new(env([("A", "b")])))
        .with_resolver(Arc::new(resolver))
        .with_transport(Arc::new(http.clone()));
    assert_eq!(get(&options), Err(HttpErrorKind::Dns));
    assert_eq!(http.calls(), 1);
}

#[cfg(not(feature = "hyper"))]
#[test]
fn without_any_client_the_first_request_says_so() {
    assert_eq!(get(&ClientOptions::default()), Err(HttpErrorKind::Unsupported));
}

#[test]
fn clones_share_and_setters_that_matter_do_not() {
    let options = ClientOptions::default();
    assert!(Arc::ptr_eq(&options.shared, &options.clone().shared));
    let same = options
        .clone()
        .with_application_id("x")
        .with_authority(Authority::china());
    assert!(Arc::ptr_eq(&options.shared, &same.shared));
    let other = options.clone().with_transport(Arc::new(ScriptedHttp::new()));
    assert!(!Arc::ptr_eq(&options.shared, &other.shared));
}

#[test]
fn authorities_are_allowed_by_origin() {
    let options = ClientOptions::default().allow_authority(Authority::parse("h:8443").unwrap());
    assert!(options.is_allowed_authority(&Authority::parse("https://H:8443/adfs").unwrap()));
    assert!(!options.is_allowed_authority(&Authority::parse("h").unwrap()));
}
