package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// kinds are the messages that go by themselves, as protobuf has them, each with its fields here.
func kinds() map[proto.Message]message {
	return map[proto.Message]message{
		&containerservicepb.Call{}: callFields(&Call{}), &containerservicepb.Answer{}: answerFields(&Answer{}),
		&containerservicepb.SandboxSpec{}: specFields(&SandboxSpec{}),
	}
}

// TestSameAsProtobuf: every field of every message is read and written as protobuf does it. A
// field that somebody adds to the proto is missed here.
func TestSameAsProtobuf(t *testing.T) {
	for m, fields := range kinds() {
		name := m.ProtoReflect().Descriptor().Name()
		fillAll(m.ProtoReflect(), new(int64))
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, later := range [][]byte{ // what a later version may have
			protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1),
			protowire.AppendFixed32(protowire.AppendTag(nil, 1000, protowire.Fixed32Type), 1),
			protowire.AppendFixed64(protowire.AppendTag(nil, 1001, protowire.Fixed64Type), 1),
			protowire.AppendBytes(protowire.AppendTag(nil, 1002, protowire.BytesType), []byte("later")),
		} {
			b = append(b, later...)
		}
		if err := parse(b, fields); err != nil {
			t.Fatal(err)
		}
		written := appendTo(nil, fields)
		if n := sizeOf(fields); n != len(written) || n != proto.Size(m) {
			t.Errorf("%s: counted %d bytes, wrote %d, of %d", name, n, len(written), proto.Size(m))
		}
		read := m.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(written, read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, read, protocmp.Transform()); diff != "" {
			t.Errorf("%s as read and written (-meant +found):\n%s", name, diff)
		}
	}
}

// fillAll sets every field, no two to the same.
func fillAll(m protoreflect.Message, last *int64) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
			for range 2 {
				m.Mutable(field).Map().Set(scalar(field.MapKey(), last).MapKey(), scalar(field.MapValue(), last))
			}
		case field.IsList() && field.Message() != nil:
			for range 2 {
				fillAll(m.Mutable(field).List().AppendMutable().Message(), last)
			}
		case field.IsList():
			for range 2 {
				m.Mutable(field).List().Append(scalar(field, last))
			}
		case field.Message() != nil:
			fillAll(m.Mutable(field).Message(), last)
		default:
			m.Set(field, scalar(field, last))
		}
	}
}

func scalar(field protoreflect.FieldDescriptor, last *int64) protoreflect.Value {
	*last++
	switch n := *last; field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(rune('a' + n)))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{byte(n), 0xff})
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(-n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n) << 20)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(n) << 40)
	}
	return protoreflect.ValueOfInt64(-*last << 40)
}

// TestEmptyMessages: what is empty is nothing, but for a message that is there and the
// elements of lists and dictionaries.
func TestEmptyMessages(t *testing.T) {
	for _, m := range []*Call{
		{},
		{Trim: &TrimRequest{}},
		{Load: &LoadRequest{Preload: []string{""}, Environment: map[string]string{"": ""}}},
	} {
		read := &Call{}
		if err := parse(appendTo(nil, callFields(m)), callFields(read)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, read); diff != "" {
			t.Errorf("as read (-meant +read):\n%s", diff)
		}
	}
}

// FuzzParse: whatever the other side sends, reading it ends: with an error, or with a message
// that can be written and read again.
func FuzzParse(f *testing.F) {
	for m := range kinds() {
		fillAll(m.ProtoReflect(), new(int64))
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		for n := range len(b) {
			f.Add(b[:n])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for m, fields := range kinds() {
			if err := parse(b, fields); err != nil {
				continue
			}
			if err := parse(appendTo(nil, fields), fields); err != nil {
				t.Fatalf("%s of %q is written as what nobody can read: %v", m.ProtoReflect().Descriptor().Name(), b, err)
			}
		}
	})
}

// TestStringsAreUTF8: gRPC refuses to send a string that is not, and with it all else that is in
// a node's message: an agent must not get one that far.
func TestStringsAreUTF8(t *testing.T) {
	const wrong = "\xff"
	for name, m := range map[string]*Answer{
		"message":   {Message: wrong},
		"log":       {Invoke: &InvokeReply{FunctionLog: wrong}},
		"exception": {Invoke: &InvokeReply{Error: &FunctionError{StackTrace: wrong}}},
		"load":      {Load: &LoadReply{FunctionLog: wrong}},
	} {
		b := appendTo(nil, answerFields(m))
		if err := parse(b, answerFields(&Answer{})); err == nil || proto.Unmarshal(b, &containerservicepb.Answer{}) == nil {
			t.Errorf("%s: %q is read, with error %v", name, b, err)
		}
	}
	body := appendTo(nil, answerFields(&Answer{Invoke: &InvokeReply{Body: []byte(wrong)}}))
	var read Answer
	if err := parse(body, answerFields(&read)); err != nil || string(read.Invoke.Body) != wrong {
		t.Errorf("the body is %q, with error %v", read.Invoke.Body, err)
	}
}
