package rss
import ("testing";"os")
func BenchmarkReset(b *testing.B){ p:=NewMeter().Watch(os.Getpid()); for b.Loop(){p.Reset()} }
func BenchmarkPeak(b *testing.B){ p:=NewMeter().Watch(os.Getpid()); for b.Loop(){p.Peak()} }
func BenchmarkWith(b *testing.B){ m:=NewMeter(); p:=m.Watch(os.Getpid()); for b.Loop(){m.With(p,1)} }
