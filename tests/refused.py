"""What a client leaves behind that met a server which was gone."""

import gc
import socket


def forget_refused_connections() -> None:
    """Close the sockets of connections that PyMongo gave up: the error that it remembers keeps them, and whenever they
    are collected a later test would hear of it.
    """
    for each in gc.get_objects():
        if type(each) is socket.socket and each.fileno() >= 0 and _was_refused(each):
            each.close()


def _was_refused(each: socket.socket) -> bool:
    """It has an address of its own and nobody at the other end, and it does not listen."""
    if (each.family, each.type) != (socket.AF_INET, socket.SOCK_STREAM):
        return False
    try:
        each.getpeername()
    except OSError:
        return each.getsockname()[1] != 0 and not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return False
