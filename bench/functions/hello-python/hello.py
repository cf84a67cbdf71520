def handler(event, context):
    return f"hello, {event.get('name', 'world')}"
