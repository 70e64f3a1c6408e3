"""Managed identity on emulated hosts, with azure-identity (synchronous and asynchronous)."""

import os
import unittest
from unittest import mock

from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as AsyncManagedIdentityCredential

from _emulator import EmulatorCase, main

AUDIENCE = "https://management.azure.com"
SCOPE = AUDIENCE + "/.default"
# What `entra emulate` assigns to its host.
CLIENT_ID = "44444444-4444-4444-4444-444444444444"
# Service Fabric's own cases are below; Azure Arc's keys are in a directory that a test must not write to.
HOSTS = {"imds": "imds", "app-service": "app_service", "azure-ml": "app_service", "cloud-shell": "cloud_shell"}
SELECTING = ("imds", "app-service", "azure-ml")


class HostCase(EmulatorCase):
    def on(self, host):
        """The environment of a program on this kind of host, and nothing else."""
        return mock.patch.dict(os.environ, self.emulator.hosts[host], clear=True)

    def assert_one_request(self, route):
        (request,) = self.emulator.requests(route)
        self.assertEqual(request["status"], 200)
        return request


class AzureIdentity(HostCase, unittest.TestCase):
    def test_the_hosts_own_identity_on_every_host(self):
        for host, route in HOSTS.items():
            with self.subTest(host), self.on(host):
                self.emulator.reset()
                with ManagedIdentityCredential() as credential:
                    token = credential.get_token(SCOPE)
                    self.assertEqual(credential.get_token(SCOPE).token, token.token)
                claims = self.emulator.verify(token.token, AUDIENCE)
                self.assertNotEqual(claims["appid"], CLIENT_ID)
                self.assert_one_request(route)

    def test_an_assigned_identity(self):
        for host in SELECTING:
            with self.subTest(host), self.on(host), ManagedIdentityCredential(client_id=CLIENT_ID) as credential:
                claims = self.emulator.verify(credential.get_token(SCOPE).token, AUDIENCE)
                self.assertEqual(claims["appid"], CLIENT_ID)

    def test_an_identity_that_is_not_assigned(self):
        with self.on("imds"), ManagedIdentityCredential(client_id="66666666-6666-6666-6666-666666666666") as credential:
            with self.assertRaises(CredentialUnavailableError) as raised:
                credential.get_token(SCOPE)
        self.assertIn("Identity not found", str(raised.exception))

    def test_service_fabric_with_its_certificate_pinned(self):
        with self.on("service-fabric"), ManagedIdentityCredential() as credential:
            self.emulator.verify(credential.get_token(SCOPE).token, AUDIENCE)
        self.assert_one_request("service_fabric")

    def test_service_fabric_with_another_certificate_never_sees_the_secret(self):
        with self.on("service-fabric"):
            os.environ["IDENTITY_SERVER_THUMBPRINT"] = "00112233445566778899AABBCCDDEEFF00112233"
            with ManagedIdentityCredential() as credential, self.assertRaisesRegex(Exception, "thumbprint"):
                credential.get_token(SCOPE)
        self.assertEqual(self.emulator.requests("service_fabric"), [])


class AzureIdentityAsync(HostCase, unittest.IsolatedAsyncioTestCase):
    async def test_the_hosts_own_identity_on_every_host(self):
        for host, route in HOSTS.items():
            with self.subTest(host), self.on(host):
                self.emulator.reset()
                async with AsyncManagedIdentityCredential() as credential:
                    token = await credential.get_token(SCOPE)
                    self.assertEqual((await credential.get_token(SCOPE)).token, token.token)
                self.emulator.verify(token.token, AUDIENCE)
                self.assert_one_request(route)

    async def test_an_assigned_identity(self):
        for host in SELECTING:
            with self.subTest(host), self.on(host):
                async with AsyncManagedIdentityCredential(client_id=CLIENT_ID) as credential:
                    token = await credential.get_token(SCOPE)
                self.assertEqual(self.emulator.verify(token.token, AUDIENCE)["appid"], CLIENT_ID)

    async def test_a_service_under_update_is_waited_for(self):
        self.emulator.fault({"route": "imds", "times": 2}, {"status": 503, "headers": [["retry-after", "0"]]})
        with self.on("imds"):
            async with AsyncManagedIdentityCredential() as credential:
                await credential.get_token(SCOPE)
        self.assertEqual([request["status"] for request in self.emulator.requests("imds")], [503, 503, 200])


if __name__ == "__main__":
    main()
