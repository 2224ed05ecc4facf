"""A server or a client: takes a line of JSON, answers with one.

Rows are saved through the models, as Morango asks; what it does per session (serialise, queue, transfer, take in) is
inside what is timed, as it is when a tablet syncs.
"""

import json
import sys
import threading
import time

import django
from django.core.management import call_command

django.setup()

from cheroot.wsgi import Server  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from morango.models.certificates import Certificate, Filter, Key, ScopeDefinition  # noqa: E402
from morango.sync.controller import MorangoProfileController  # noqa: E402
from project.benchapp.models import PROFILE, Record, Row  # noqa: E402

CHUNK = 500  # Morango's own default.


class Member:
    def __init__(self):
        call_command("migrate", verbosity=0, run_syncdb=True)
        ScopeDefinition.objects.create(
            id="all",
            profile=PROFILE,
            version=1,
            primary_scope_param_key="partition",
            description="Everything of ${partition}.",
            read_filter_template="",
            write_filter_template="",
            read_write_filter_template="${partition}",
        )

    def serve(self, port):
        """The certificate goes to the clients with its key: one school, many tablets that may read and write it."""
        self.certificate = Certificate.generate_root_certificate("all")
        server = Server(("127.0.0.1", port), get_wsgi_application(), numthreads=10)
        threading.Thread(target=server.safe_start, daemon=True).start()
        return {
            "serialized": self.certificate.serialized,
            "signature": self.certificate.signature,
            "key": self.certificate.private_key.get_private_key_string(),
        }

    def join(self, url, serialized, signature, key):
        self.certificate = Certificate.deserialize(serialized, signature)
        self.certificate.private_key = Key(private_key_string=key)
        self.certificate.save()
        self.controller = MorangoProfileController(PROFILE)
        self.url = url
        return {}

    def add(self, rows):
        with transaction.atomic():
            for row in rows:
                Row(partition=self.certificate.id, source=row["id"], title=row["title"], words=row["words"]).save()
        return {}

    def change(self, rows):
        with transaction.atomic():
            for row in rows:
                found = Row.objects.get(source=row["id"])
                found.title = row["title"]
                found.save()
        return {}

    def pull(self, title=None):
        begun = time.perf_counter()
        self._session(lambda session: session.get_pull_client())
        spent = time.perf_counter() - begun
        at_s = time.time()
        if title is not None and not Row.objects.filter(title=title).exists():
            return {"error": "the change did not come"}
        return {"ms": spent * 1000, "at_s": at_s, "rows": Row.objects.count()}

    def push(self, records):
        with transaction.atomic():
            for record in records:
                fields = {name: record[name] for name in ("lesson", "seen_ppm", "seconds")}
                Record(partition=self.certificate.id, source=record["id"], **fields).save()
        begun = time.perf_counter()
        self._session(lambda session: session.get_push_client())
        return {"ms": (time.perf_counter() - begun) * 1000}

    def _session(self, open_client):
        connection = self.controller.create_network_connection(self.url, chunk_size=CHUNK)
        session = connection.create_sync_session(self.certificate, self.certificate)
        client = open_client(session)
        client.initialize(Filter(self.certificate.id))
        client.run()
        client.finalize()
        connection.close_sync_session(session.sync_session)
        connection.close()


def main():
    member = Member()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = getattr(member, asked.pop("do"))(**asked)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the bench shall hear it and go on
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
