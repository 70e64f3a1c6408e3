//! Files that can't be read or written, or are not what they should be.

use entra_identity::ErrorKind;

use crate::faults::flows::Kind;
use crate::faults::places;
use crate::faults::plan::{Expect, Expected, Inject, Injected, Planned};
use crate::faults::stage::Stage;

const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EACCES: i32 = 13;
const EIO: i32 = 5;
const EMFILE: i32 = 24;
const EAGAIN: i32 = 11;

/// The cache of tokens: whatever happens to it, there is a token.
const fn cache(row: &'static str, id: &'static str, what: &'static str, inject: Inject) -> Planned {
    Planned::new(
        row,
        id,
        what,
        |flow| flow.kind == Kind::File,
        inject,
        |_| Expect::token(1).up_to(2000).within(40),
    )
}

/// The file with the cluster's token.
const fn federated(
    row: &'static str,
    id: &'static str,
    what: &'static str,
    inject: Inject,
    expect: Expected,
) -> Planned {
    Planned::new(
        row,
        id,
        what,
        |flow| flow.id.starts_with("workload"),
        inject,
        expect,
    )
}

pub(super) const FAULTS: &[Planned] = &[
    cache(
        "FT-76",
        "full disk",
        "the cache can't be written: the disk is full",
        |stage, _, _| fails(stage, "write", "cell", ENOSPC),
    ),
    cache(
        "FT-77",
        "read-only disk",
        "the lock can't be made: the disk is read-only, or it isn't allowed",
        |stage, _, variant| fails(stage, "lock", "cell", [EROFS, EACCES][variant]),
    )
    .variants(2),
    cache(
        "FT-77",
        "unreadable",
        "the cache can't be read: not allowed, or the disk fails",
        |stage, _, variant| fails(stage, "read", "cell", [EACCES, EIO][variant]),
    )
    .variants(2),
    cache(
        "FT-75",
        "no file descriptors",
        "no file can be opened",
        |stage, _, _| fails(stage, "lock", "cell", EMFILE),
    ),
    cache(
        "FT-81",
        "lock held",
        "another program holds the lock for ever",
        |stage, _, _| fails(stage, "lock", "cell", EAGAIN),
    ),
    cache(
        "FT-78",
        "cut file",
        "the file ends after some bytes",
        |stage, _, variant| {
            places::changed(stage, |text| {
                text.truncate([0, 1, text.len() / 2, text.len() - 1][variant])
            })
        },
    )
    .variants(4),
    cache(
        "FT-79",
        "flipped bits",
        "a bit of the file is another one",
        |stage, _, variant| {
            places::changed(stage, |text| {
                let at = [0, text.len() / 3, text.len() / 2, text.len() - 1][variant];
                text[at] ^= [0x01, 0x80, 0x20, 0x04][variant];
            })
        },
    )
    .variants(4),
    cache(
        "FT-80",
        "another schema",
        "the file is JSON of another form",
        |stage, _, variant| {
            let text = [
                "[]",
                "{\"AccessToken\": 7, \"RefreshToken\": []}",
                "{\"Version\": 99}",
                "null",
            ][variant];
            places::replaced(stage, text.as_bytes())
        },
    )
    .variants(4),
    cache("FT-78", "no JSON", "the file is something else", |stage, _, _| {
        places::replaced(stage, b"\x7fELF\x02\x01\x01\x00 not a cache")
    }),
    cache(
        "FT-79",
        "huge file",
        "the file has 32 megabytes",
        |stage, _, _| places::grown(stage, 32 << 20),
    ),
    cache(
        "FT-83",
        "link",
        "the file is a link to another one",
        |stage, _, _| places::linked(stage),
    ),
    cache(
        "FT-83",
        "linked folder",
        "the folder is a link to another one",
        |stage, _, _| places::linked_folder(stage),
    ),
    cache(
        "FT-84",
        "pipe",
        "the file is a pipe that nobody writes to",
        |stage, _, _| places::pipe(stage),
    ),
    cache("FT-84", "folder", "the file is a folder", |stage, _, _| {
        places::folder(stage)
    }),
    cache(
        "FT-85",
        "open to all",
        "everybody may read or write the file",
        |stage, _, variant| places::mode(stage, [0o644, 0o666][variant]),
    )
    .variants(2),
    cache(
        "FT-85",
        "two names",
        "the file has a second name",
        |stage, _, _| places::second_name(stage),
    ),
    federated(
        "FT-91",
        "no token file",
        "the file with the cluster's token is missing",
        |stage, _, _| places::token_file(stage, None),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1).up_to(9),
    ),
    federated(
        "FT-91",
        "empty token file",
        "the file is empty, or has spaces alone",
        |stage, _, variant| places::token_file(stage, Some([&b""[..], b" \n\n"][variant])),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1).up_to(9),
    )
    .variants(2),
    federated(
        "FT-91",
        "token file that is none",
        "the file has something else than a token",
        |stage, _, variant| {
            places::token_file(
                stage,
                Some([&b"two words\nand lines"[..], b"\xff\xfe\x00", b"a\r\nb"][variant]),
            )
        },
        |_| Expect::fails(ErrorKind::InvalidConfiguration, 1).up_to(9),
    )
    .variants(3),
    federated(
        "FT-91",
        "huge token file",
        "the file has a gigabyte",
        |stage, _, _| places::huge_token_file(stage),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1).up_to(9),
    ),
    federated(
        "FT-91",
        "folder as token file",
        "the file is a folder, or a pipe",
        |stage, _, variant| places::odd_token_file(stage, variant),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1).up_to(9),
    )
    .variants(2),
    federated(
        "FT-91",
        "failing token file",
        "the disk fails, or no file can be opened",
        |stage, _, variant| fails(stage, "read", "service-account-token", [EIO, EMFILE][variant]),
        |_| Expect::fails(ErrorKind::CredentialUnavailable, 1).up_to(9),
    )
    .variants(2),
    federated(
        "FT-91",
        "expired token",
        "the token in the file is over",
        |stage, _, _| places::expired_token(stage),
        |_| Expect::fails(ErrorKind::AuthenticationFailed, 1).up_to(9),
    ),
    Planned::new(
        "FT-92",
        "certificate half replaced",
        "the file with certificate and key is half written, or of two pairs",
        |flow| flow.id == "client certificate, file",
        |stage, _, variant| places::certificate(stage, variant),
        |_| Expect::token(1).up_to(9),
    )
    .variants(3),
];

/// Operations on files of this name fail so from now on.
fn fails(stage: &Stage, operation: &'static str, name: &'static str, errno: i32) -> Injected {
    stage.faults.add(operation, name, errno, usize::MAX);
    let before = stage.faults.met();
    Injected::new(
        move |stage| stage.faults.met() - before,
        |stage| stage.faults.clear(),
    )
}
