#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ends TLS for tests in front of a plain server: tls_front.py --cert C.pem --to PORT [--client-ca CA.pem]

Prints "port N" when it listens on 127.0.0.1; ends when its standard input is closed."""
import argparse
import asyncio
import ssl
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def run(args):
    async def serve(reader, writer):
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", args.to)
        await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert)
    if args.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(args.client_ca)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # peers that break off are part of the tests
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--client-ca")
    asyncio.run(run(parser.parse_args()))
