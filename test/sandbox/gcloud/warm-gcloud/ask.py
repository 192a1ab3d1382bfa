"""What stands on the PATH as gcloud: hands its call to the server beside it. Usage: python -IS ask.py SOCKET ARGUMENT..."""

import json
import os
import socket
import sys

server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
request = {'arguments': sys.argv[2:], 'folder': os.getcwd(), 'environment': dict(os.environ)}
data = json.dumps(request).encode() + b'\0'
sent = socket.send_fds(server, [data], [0, 1, 2])
server.sendall(data[sent:])
sys.exit(int(server.recv(8) or b'1'))
