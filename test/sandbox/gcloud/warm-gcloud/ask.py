"""What stands on the PATH as gcloud: hands its call to the server beside it. A read that the one who remembers knows the end of
ends so at once. Usage: python -IS ask.py SOCKET MEMORY ARGUMENT..., MEMORY being a socket as well, or empty.

Most calls end here, and half of the time of this program was the import of json, socket and base64: it uses what they are made of."""

import array
import os
import sys
from _json import encode_basestring_ascii as quoted
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket
from binascii import a2b_base64, b2a_base64

SOCKET, MEMORY, *ARGUMENTS = sys.argv[1:]


def connect(path):
  one = socket(AF_UNIX)
  one.connect(path)
  return one


def read_line(memory):
  data = b''
  while not data.endswith(b'\n'):
    more = memory.recv(1 << 16)
    if not more:
      raise EOFError('the one who remembers is gone')
    data += more
  return data.decode().split()


def request_with(environment):
  variables = ','.join(f'{quoted(name)}:{quoted(value)}' for name, value in environment.items())
  arguments = ','.join(quoted(one) for one in ARGUMENTS)
  return f'{{"arguments":[{arguments}],"folder":{quoted(os.getcwd())},"environment":{{{variables}}}}}'.encode()


def run(environment, streams):
  """Has the command run with these standard streams; its exit code."""
  server = connect(SOCKET)
  data = request_with(environment) + b'\0'
  sent = server.sendmsg([data], [(SOL_SOCKET, SCM_RIGHTS, array.array('i', streams))])
  server.sendall(data[sent:])
  return int(server.recv(8) or b'1')


def write(number, data):
  while data:
    data = data[os.write(number, data):]


def run_and_keep(environment):
  """The same with what it prints kept until its end."""
  kept = []
  for name in ('out', 'err'):
    path = f'{MEMORY}-{os.getpid()}-{name}'
    kept.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    os.unlink(path)
  code = run(environment, [0, *kept])
  printed = [os.pread(one, os.fstat(one).st_size, 0) for one in kept]
  for number, data in zip((1, 2), printed):
    write(number, data)
  return code, printed


def main():
  environment = dict(os.environ)
  if not MEMORY:
    return run(environment, [0, 1, 2])
  memory = connect(MEMORY)
  memory.sendall(request_with(environment) + b'\n')
  kind, *rest = read_line(memory)
  if kind == 'known':
    code, *printed = rest
    for number, data in zip((1, 2), printed):
      # Nothing at all is a dash.
      write(number, b'' if data == '-' else a2b_base64(data))
    return int(code)
  if kind == 'run':
    return run(environment, [0, 1, 2])
  # Names the command in the User-Agent of its requests.
  (environment['CLOUDSDK_METRICS_ENVIRONMENT'],) = rest
  code, printed = run_and_keep(environment)
  stdout, stderr = (b2a_base64(one, newline=False).decode() for one in printed)
  memory.sendall(f'{{"code":{code},"stdout":"{stdout}","stderr":"{stderr}"}}\n'.encode())
  return code


sys.exit(main())
