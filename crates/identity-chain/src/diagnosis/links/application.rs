//! An application that the environment names.

use crate::diagnosis::look::Look;
use crate::diagnosis::report::{Finding, LinkReport};
use crate::diagnosis::situation::{ENV_EMPTY, ENV_PARTIAL, ENV_TWO_WAYS};
use crate::environment::settings::{Settings, VARIABLES, are};

pub(super) async fn inspect(look: &Look<'_>, link: &mut LinkReport) {
    match Settings::read(look.env()) {
        Ok(settings) => {
            let set = look.set(VARIABLES);
            link.evidence.push(format!(
                "{} and set up a {}",
                are(&set, "set"),
                settings.credential()
            ));
            let both = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"];
            if both.iter().all(|name| set.contains(name)) {
                link.findings.push(Finding::new(&ENV_TWO_WAYS, are(&both, "set")));
            }
            #[cfg(feature = "confidential")]
            if let Settings::Certificate { path, password, .. } = &settings {
                certificate::inspect(look, link, path, password.as_ref()).await;
            }
        }
        Err(gap) => {
            link.evidence.push(gap.message());
            // A tenant and a client id alone are what workload identity and managed identity go by as well.
            if gap.is_begun {
                link.findings
                    .push(Finding::new(&ENV_PARTIAL, "the settings are incomplete").with_fix(gap.hint()));
            }
            if !gap.empty.is_empty() {
                let message = format!("{} to nothing", are(&gap.empty, "set"));
                link.findings.push(Finding::new(&ENV_EMPTY, message));
            }
        }
    }
}

#[cfg(feature = "confidential")]
mod certificate {
    //! The certificate's file: who may read it, and until when it is good.

    use std::path::Path;
    use std::time::Duration;

    use identity_base::Secret;
    use identity_base::seam::ReadOptions;
    use identity_confidential::ClientCertificate;

    use crate::diagnosis::look::{Look, is_exposed, shown, time, until};
    use crate::diagnosis::report::{Finding, LinkReport};
    use crate::diagnosis::situation::{CERT_EXPIRED, CERT_EXPIRES, CERT_UNREADABLE, KEY_EXPOSED};

    /// How long before its end a certificate is worth a word.
    const SOON: Duration = Duration::from_secs(30 * 86_400);

    pub(super) async fn inspect(
        look: &Look<'_>,
        link: &mut LinkReport,
        path: &str,
        password: Option<&Secret>,
    ) {
        let path = Path::new(path);
        let (bytes, metadata) = match look.files().read(path, ReadOptions::new()).await {
            Ok(read) => read,
            Err(error) => {
                let message = format!(
                    "the certificate file {} can't be read: {}",
                    shown(path),
                    error.kind()
                );
                link.findings.push(Finding::new(&CERT_UNREADABLE, message));
                return;
            }
        };
        link.evidence
            .push(format!("certificate file {}", look.file(path, &metadata)));
        if is_exposed(&metadata) {
            let message = format!("others than its owner may read {}", shown(path));
            link.findings
                .push(Finding::new(&KEY_EXPOSED, message).with_fix(format!("chmod 600 {}", shown(path))));
        }
        let certificate = match ClientCertificate::from_bytes(&bytes, password) {
            Ok(certificate) => certificate,
            Err(error) => {
                let mut finding = Finding::new(&CERT_UNREADABLE, error.message().to_owned());
                if let Some(hint) = error.hint() {
                    finding = finding.with_fix(hint.to_owned());
                }
                link.findings.push(finding);
                return;
            }
        };
        link.evidence.push(format!(
            "its certificate is valid from {} to {}",
            time(certificate.not_before()),
            time(certificate.not_after())
        ));
        let now = look.now();
        if certificate.check_validity(now.system_time()).is_err() {
            let message = format!("it is now {}", time(now.system_time()));
            link.findings.push(Finding::new(&CERT_EXPIRED, message));
        } else if until(now, certificate.not_after()).is_some_and(|left| left < SOON) {
            let message = format!("it expires on {}", time(certificate.not_after()));
            link.findings.push(Finding::new(&CERT_EXPIRES, message));
        }
    }
}
