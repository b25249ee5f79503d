"""The world outside AWS: the functions are led here, everything is written down, and providers are played."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class World:
    """A recorder on a port of this machine."""

    def __init__(self):
        self.requests = []
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                url = self.headers.get("x-world-url", "")
                world.requests.append({"url": url, "body": body, "headers": dict(self.headers)})
                answer = json.dumps({"id": f"provider-{len(world.requests)}"}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts(self, to):
        """What was said to a client, in order."""
        said = []
        for request in self.requests:
            if request["url"].startswith("https://bot.example/"):
                body = json.loads(request["body"])
                if body.get("to") == to:
                    said.append(body.get("text"))
        return said
