"""The log line of a request, without a record where none is needed."""

import logging


def log_request(logger: logging.Logger, message: str, request_id: str) -> None:
    """Log a message that has no arguments, with a logger that is enabled for INFO.

    A handler that can `write_info` is given the message itself, if only that one would see the record. A record costs
    more than the line.
    """
    handlers = logging.root.handlers
    alone = len(handlers) == 1 and not (handlers[0].filters or logger.handlers or logger.filters) and logger.propagate
    write = getattr(handlers[0], "write_info", None) if alone else None
    if write is not None:
        write(logger.name, message, request_id)
        return
    # What `logger.info` does, but for looking who called it.
    extra = {"request_id": request_id}
    logger.handle(logger.makeRecord(logger.name, logging.INFO, __file__, 0, message, (), None, extra=extra))
