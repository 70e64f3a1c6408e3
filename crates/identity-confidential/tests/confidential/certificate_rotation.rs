//! `CertificateCredential` with files that are replaced, clocks that differ, and certificates that have expired.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use identity_base::ErrorKind;
use identity_confidential::{CertificateCredential, ClientCertificate};
use identity_runtime::crypto::base64url;
use identity_testkit::{FsOp, Gate, HttpStep, TestClock};

use crate::aside::Aside;
use crate::certificates::{Assertion, FILE, certificate, from_bytes, from_file, other_pair, pair, run};
use crate::openssl::Lab;
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, run_at};

#[test]
fn an_assertion_out_of_its_time_is_corrected_by_the_services_clock_once() {
    run(async |world| {
        let credential = from_bytes(world).build().unwrap();
        let ahead = world.clock.wall() + Duration::from_secs(1200);
        let date = httpdate::fmt_http_date(ahead);
        let refusal = || HttpStep::entra_error(401, "invalid_client", 700_024, "no.").header("date", &date);
        world.http.push(refusal());
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let (first, second) = (Assertion::of(world, 0), Assertion::of(world, 1));
        let moved = second.claims["nbf"].as_i64().unwrap() - first.claims["nbf"].as_i64().unwrap();
        assert!((1199..=1201).contains(&moved), "{moved}");
        assert_ne!(first.claims["jti"], second.claims["jti"]);
        // The correction stays.
        world.answer("other");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(Assertion::of(world, 2).claims["nbf"], second.claims["nbf"]);
        // And there is one try more, not several.
        world.http.push(refusal());
        world.http.push(refusal());
        let error = world
            .token(&credential, "api://third/.default")
            .await
            .unwrap_err();
        assert_eq!((error.aadsts(), world.http.calls()), (Some(700_024), 5));
    });
}

#[test]
fn a_services_clock_that_can_not_be_right_stops_nothing() {
    for date in ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:01 GMT"] {
        run(async |world| {
            let credential = from_bytes(world).build().unwrap();
            let refusal = HttpStep::entra_error(401, "invalid_client", 700_024, "no.").header("date", date);
            world.http.push(refusal.clone());
            world.http.push(refusal);
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(
                error.aadsts(),
                Some(700_024),
                "not that the certificate is out of its time"
            );
            world.answer("token");
            world.token(&credential, OTHER_SCOPE).await.unwrap();
        });
    }
}

#[test]
fn a_replaced_file_is_used_from_the_next_request_on() {
    run(async |world| {
        let credential = from_file(world);
        for name in ["1", "2", "3"] {
            world.answer(name);
        }
        world.token(&credential, SCOPE).await.unwrap();
        world.clock.advance(Duration::from_secs(5));
        world.files.put(FILE, other_pair());
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        world.token(&credential, "api://third/.default").await.unwrap();
        let other = ClientCertificate::from_bytes(&other_pair(), None).unwrap();
        assert_eq!(
            Assertion::of(world, 0).thumbprint(),
            base64url(certificate().thumbprint_sha256())
        );
        assert_eq!(
            Assertion::of(world, 1).thumbprint(),
            base64url(other.thumbprint_sha256())
        );
        assert_eq!(
            Assertion::of(world, 2).thumbprint(),
            base64url(other.thumbprint_sha256())
        );
        assert_eq!(
            world.files.count(FsOp::Read, FILE),
            2,
            "read again when it changed, and only then"
        );
    });
}

#[test]
fn while_the_new_file_is_not_whole_the_old_certificate_is_used() {
    run(async |world| {
        let credential = from_file(world);
        let whole = base64url(certificate().thumbprint_sha256());
        let broken: [Vec<u8>; 3] = [
            Vec::new(),
            pair()[..900].to_vec(),
            Lab::get().read("other-cert.pem"),
        ];
        for (number, contents) in broken.into_iter().enumerate() {
            world.clock.advance(Duration::from_secs(1));
            world.files.put(FILE, contents);
            world.answer(&format!("token {number}"));
            world
                .token(&credential, &format!("api://{number}/.default"))
                .await
                .unwrap();
            assert_eq!(Assertion::of(world, number).thumbprint(), whole);
        }
        world.files.delete(FILE);
        world.answer("without the file");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(Assertion::of(world, 3).thumbprint(), whole);
        assert!(
            world
                .guard
                .logs()
                .iter()
                .any(|log| log.field("message").unwrap_or_default().contains("stays in use"))
        );
    });
}

#[test]
fn a_refusal_during_rotation_is_tried_once_more_with_the_new_certificate() {
    for code in [700_027, 7_000_214, 1_000_502, 7_000_274, 7_000_277] {
        run(async |world| {
            let credential = from_file(world);
            // The new file looks like the old one, so the change is found by the refusal alone.
            let modified = world.clock.wall();
            world.files.overwrite(FILE, padded(other_pair(), pair().len()));
            world.files.set_modified(FILE, modified);
            world.refuse("invalid_client", code);
            let token = world.answer("token");
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token, "{code}");
            let other = ClientCertificate::from_bytes(&other_pair(), None).unwrap();
            assert_eq!(
                Assertion::of(world, world.http.calls() - 1).thumbprint(),
                base64url(other.thumbprint_sha256())
            );
        });
    }
}

#[test]
fn each_of_several_requests_that_were_refused_during_rotation_is_tried_once_more() {
    run(async |world| {
        let credential = from_file(world);
        let modified = world.clock.wall();
        world.files.overwrite(FILE, padded(other_pair(), pair().len()));
        world.files.set_modified(FILE, modified);
        // Both are refused before either looks at the file.
        let gate = Gate::closed();
        world.files.hold(FsOp::Read, FILE, &gate);
        for _ in 0..2 {
            world.refuse("invalid_client", 700_027);
        }
        for name in ["one", "two"] {
            world.answer(name);
        }
        let mut one = pin!(world.token(&credential, SCOPE));
        let mut two = pin!(world.token(&credential, OTHER_SCOPE));
        let mut opening = pin!(async {
            gate.arrivals(2).await;
            gate.open();
        });
        let (mut first, mut second, mut opened) = (None, None, false);
        std::future::poll_fn(|context| {
            opened = opened || opening.as_mut().poll(context).is_ready();
            for (future, outcome) in [
                (one.as_mut() as Pin<&mut dyn Future<Output = _>>, &mut first),
                (two.as_mut(), &mut second),
            ] {
                if outcome.is_none()
                    && let Poll::Ready(result) = future.poll(context)
                {
                    *outcome = Some(result);
                }
            }
            match opened && first.is_some() && second.is_some() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        first.unwrap().unwrap();
        second.unwrap().unwrap();
        let other = ClientCertificate::from_bytes(&other_pair(), None).unwrap();
        for number in [2, 3] {
            assert_eq!(
                Assertion::of(world, number).thumbprint(),
                base64url(other.thumbprint_sha256())
            );
        }
    });
}

#[test]
fn a_new_chain_below_the_same_certificate_is_sent() {
    run(async |world| {
        world.files.put(FILE, Lab::get().join(&["key.pem", "cert.pem"]));
        let credential = CertificateCredential::from_path(TENANT, CLIENT, FILE)
            .with_certificate_chain(true)
            .with_options(&world.options())
            .build()
            .unwrap();
        let certificates = |number| {
            Assertion::of(world, number).header["x5c"]
                .as_array()
                .unwrap()
                .len()
        };
        world.answer("one");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(certificates(0), 1);
        world.clock.advance(Duration::from_secs(5));
        world.files.put(FILE, pair());
        world.answer("two");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(certificates(1), 3);
    });
}

#[test]
fn a_changed_file_is_read_aside() {
    run(async |world| {
        let files = Aside::new(&world.files);
        world.files.put(FILE, pair());
        let credential = CertificateCredential::from_path(TENANT, CLIENT, FILE)
            .with_options(&world.options().with_file_system(Arc::new(files.clone())))
            .build()
            .unwrap();
        world.answer("one");
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(files.ran(), 0, "nothing has changed");
        world.clock.advance(Duration::from_secs(5));
        world.files.put(FILE, other_pair());
        world.answer("two");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(files.ran(), 1);
        let other = ClientCertificate::from_bytes(&other_pair(), None).unwrap();
        assert_eq!(
            Assertion::of(world, 1).thumbprint(),
            base64url(other.thumbprint_sha256())
        );
        // Where nothing can run aside, the certificate before stays in use.
        files.refuse();
        world.clock.advance(Duration::from_secs(5));
        world.files.put(FILE, pair());
        world.answer("three");
        world.token(&credential, "api://third/.default").await.unwrap();
        assert_eq!(
            Assertion::of(world, 2).thumbprint(),
            base64url(other.thumbprint_sha256())
        );
    });
}

fn padded(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length.max(bytes.len()), b'\n');
    bytes
}

#[test]
fn without_another_certificate_such_a_refusal_is_final() {
    run(async |world| {
        world.refuse("invalid_client", 700_027);
        let error = world.token(&from_file(world), SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationFailed, Some(700_027))
        );
        world.refuse("invalid_client", 700_027);
        let error = world
            .token(&from_bytes(world).build().unwrap(), SCOPE)
            .await
            .unwrap_err();
        assert_eq!(error.aadsts(), Some(700_027));
        world.refuse("unauthorized_client", 700_016);
        let error = world.token(&from_file(world), SCOPE).await.unwrap_err();
        assert_eq!(error.aadsts(), Some(700_016), "not a code of rotation");
        assert_eq!(world.http.calls(), 3);
    });
}

#[test]
fn a_new_certificate_clears_a_remembered_failure() {
    run(async |world| {
        let credential = from_file(world);
        world.refuse("invalid_client", 700_027);
        world.token(&credential, SCOPE).await.unwrap_err();
        world.clock.advance(Duration::from_millis(500));
        world.files.put(FILE, other_pair());
        world.answer("other scope");
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
    });
}

#[test]
fn a_certificate_that_is_not_valid_now_makes_no_request() {
    for (time, part) in [
        (
            certificate().not_after() + Duration::from_secs(1),
            "the certificate expired on",
        ),
        (
            certificate().not_before() - Duration::from_secs(1),
            "is not valid before",
        ),
    ] {
        run_at(TestClock::at(time), async |world| {
            world.files.put(FILE, pair());
            let from_path =
                CertificateCredential::from_path(TENANT, CLIENT, FILE).with_options(&world.options());
            for (builder, source) in [(from_path, FILE), (from_bytes(world), "the certificate data")] {
                let error = world.token(&builder.build().unwrap(), SCOPE).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
                assert!(
                    error.message().contains(part) && error.message().contains(source),
                    "{error}"
                );
                assert_eq!(error.credential(), Some("CertificateCredential"));
            }
        });
    }
}

#[test]
fn files_that_can_not_be_read_name_the_file() {
    run(async |world| {
        let build = || {
            CertificateCredential::from_path(TENANT, CLIENT, FILE)
                .with_options(&world.options())
                .build()
        };
        let missing = build().map(|_| ()).unwrap_err();
        assert!(
            missing.message().contains(FILE) && missing.message().contains("does not exist"),
            "{missing}"
        );
        world.files.put(FILE, pair());
        world
            .files
            .fail_next(FsOp::Read, FILE, std::io::ErrorKind::PermissionDenied);
        let denied = build().map(|_| ()).unwrap_err();
        assert!(denied.message().contains("may not read it"), "{denied}");
        world.files.put(FILE, vec![b'x'; 1024 * 1024 + 1]);
        let large = build().map(|_| ()).unwrap_err();
        assert!(large.message().contains("larger than 1 MiB"), "{large}");
        world.files.put(FILE, Lab::get().read("cert.pem"));
        let without_key = build().map(|_| ()).unwrap_err();
        assert!(without_key.message().contains(FILE) && without_key.message().contains("no private key"));
        assert_eq!(without_key.credential(), Some("CertificateCredential"));
        world.files.put_directory("/etc/app/folder");
        let folder = CertificateCredential::from_path(TENANT, CLIENT, "/etc/app/folder")
            .with_options(&world.options());
        assert!(folder.build().is_err());
        for error in [missing, denied, large, without_key] {
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.hint().is_some());
        }
    });
}
