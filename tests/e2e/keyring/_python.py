"""Python's azure-identity with its factory settings, in a process of its own: one JSON command a line, one JSON answer a line.

A process has one session bus for its life; each session needs a Python of its own.
"""

import json
import site
import sys

import msal_extensions
from azure.identity import AuthenticationRecord, AuthenticationRequiredError, DeviceCodeCredential, TokenCachePersistenceOptions

# The bindings to libsecret come with the system, the libraries above from the pinned packages and from nowhere else.
sys.path.extend(site.getsitepackages() + ["/usr/lib/python3/dist-packages"])


def main():
    client_id, tenant = sys.argv[1:]
    for line in sys.stdin:
        command = json.loads(line)
        record = command.get("record")
        with DeviceCodeCredential(
            client_id,
            tenant_id=tenant,
            # Encrypted or not at all.
            cache_persistence_options=TokenCachePersistenceOptions(),
            authentication_record=AuthenticationRecord.deserialize(record) if record else None,
            disable_automatic_authentication=bool(record),
            prompt_callback=lambda *_: None,
        ) as credential:
            answer = {}
            try:
                if not record:
                    answer["record"] = credential.authenticate(scopes=[command["scope"]]).serialize()
                answer["token"] = credential.get_token(command["scope"]).token
            except (AuthenticationRequiredError, msal_extensions.persistence.PersistenceError) as error:
                answer["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
