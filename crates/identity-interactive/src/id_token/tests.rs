//! Tests of issuer and tenant. Audience, time and nonce have theirs where people sign in.

use super::*;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const OTHER: &str = "22222222-2222-2222-2222-222222222222";
const PUBLIC: &str = "login.microsoftonline.com";

/// Checks the issuer and tenant of an id token at an authority, where a tenant was asked for.
fn checked(authority: &str, asked: &str, issuer: &str, tid: &str) -> Result<(), Error> {
    check_issuer(
        issuer,
        tid,
        &Authority::parse(authority).unwrap(),
        &TenantId::parse(asked).unwrap(),
    )
}

#[track_caller]
fn refused(authority: &str, asked: &str, issuer: &str, tid: &str, why: &str) {
    let error = checked(authority, asked, issuer, tid).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
    assert!(error.message().ends_with(why), "{issuer} {tid}: {error}");
}

fn of(host: &str, tid: &str) -> String {
    format!("https://{host}/{tid}/v2.0")
}

#[test]
fn a_tenant_that_was_named_by_its_id_is_the_tokens() {
    let asked = "11111111-1111-1111-1111-11111111111a";
    let upper = asked.to_ascii_uppercase();
    assert!(checked(PUBLIC, asked, &of(PUBLIC, &upper), &upper).is_ok());
    assert!(checked(PUBLIC, &upper, &of(PUBLIC, asked), asked).is_ok());

    let elsewhere = "is of another tenant than the one asked for";
    refused(PUBLIC, TENANT, &of(PUBLIC, OTHER), OTHER, elsewhere);
    // Nor is it one that says nothing of its tenant.
    refused(PUBLIC, TENANT, &of(PUBLIC, TENANT), "", elsewhere);
}

#[test]
fn a_tenant_that_was_not_named_by_its_id_is_any() {
    for asked in [
        "common",
        "organizations",
        "consumers",
        "Organizations",
        "contoso.com",
    ] {
        for tid in [TENANT, OTHER] {
            assert!(checked(PUBLIC, asked, &of(PUBLIC, tid), tid).is_ok(), "{asked}");
        }
    }
}

#[test]
fn the_tenant_is_its_issuers() {
    let mixed = "is of another tenant than its issuer";
    for asked in [TENANT, OTHER, "organizations", "contoso.com"] {
        refused(PUBLIC, asked, &of(PUBLIC, OTHER), TENANT, mixed);
        refused(PUBLIC, asked, &of(PUBLIC, &format!("{TENANT}0")), TENANT, mixed);
        refused(PUBLIC, asked, &format!("https://{PUBLIC}"), TENANT, mixed);
    }
}

#[test]
fn the_issuer_is_the_authority_or_another_name_of_its_cloud() {
    for (authority, host) in [
        (PUBLIC, "sts.windows.net"),
        (PUBLIC, "LOGIN.microsoftonline.com"),
        ("login.microsoftonline.us", "login.usgovcloudapi.net"),
        ("identity.contoso.test:8443", "identity.contoso.test:8443"),
    ] {
        assert!(
            checked(authority, TENANT, &of(host, TENANT), TENANT).is_ok(),
            "{authority} {host}"
        );
    }
    for (authority, host) in [
        (PUBLIC, "login.microsoftonline.us"),
        (PUBLIC, "login.microsoftonline.com.evil.test"),
        (PUBLIC, "evil.test"),
        (PUBLIC, ""),
        ("identity.contoso.test:8443", "identity.contoso.test"),
        ("identity.contoso.test", PUBLIC),
        // Two hosts that nothing is known of are not one cloud.
        ("identity.contoso.test", "other.contoso.test"),
    ] {
        refused(
            authority,
            TENANT,
            &of(host, TENANT),
            TENANT,
            "is of another issuer",
        );
    }
    for issuer in [
        "",
        "http://login.microsoftonline.com/t",
        "login.microsoftonline.com/t",
    ] {
        refused(PUBLIC, TENANT, issuer, TENANT, "has no issuer");
    }
}

#[test]
fn a_customers_domain_issues_under_the_tenants_own_name() {
    let authority = "contoso.ciamlogin.com";
    let own = format!("{TENANT}.ciamlogin.com");
    assert!(checked(authority, TENANT, &of(&own, TENANT), TENANT).is_ok());
    assert!(
        checked(
            authority,
            "contoso.onmicrosoft.com",
            &of(&own.to_uppercase(), TENANT),
            TENANT
        )
        .is_ok()
    );
    for (authority, issuer, tid) in [
        // Of another tenant, of another domain, of a domain above or below, and of no name at all.
        (authority, of(&own, OTHER), OTHER),
        (authority, of(&format!("{TENANT}.evil.test"), TENANT), TENANT),
        (authority, of(&format!("{TENANT}.com"), TENANT), TENANT),
        (
            authority,
            of(&format!("{TENANT}.x.ciamlogin.com"), TENANT),
            TENANT,
        ),
        (authority, "https://.ciamlogin.com/".to_owned(), ""),
        (
            "login.contoso.test",
            of(&format!("{TENANT}.test"), TENANT),
            TENANT,
        ),
        ("contoso.test", of(&format!("{TENANT}.test"), TENANT), TENANT),
    ] {
        refused(authority, "organizations", &issuer, tid, "is of another issuer");
    }
}

#[test]
fn adfs_has_no_tenants() {
    let host = "adfs.contoso.test";
    let issuer = format!("https://{host}/adfs");
    assert!(checked(host, "adfs", &issuer, "").is_ok());
    assert!(checked(host, "adfs", &issuer, TENANT).is_ok());
    refused(host, "adfs", "https://evil.test/adfs", "", "is of another issuer");
}
