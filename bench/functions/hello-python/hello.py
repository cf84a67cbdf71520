def handler(event, context):
    return f"hello, {event or 'world'}"
